// Writes docs/errors.md from the error table: npm run docs:errors
import { writeFile } from 'node:fs/promises'
import { permanent } from '../src/base/errors.js'
import { errorTable } from '../src/terminal/error-table.js'

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** The page's text. */
export function errorsPage(): string {
  const sections = errorTable.map(({ title, then, entries }) => {
    const rows = entries.map(({ message, cause, todo }) => `| ${cell(message)} | ${cell(cause)} | ${cell(todo)} |`)
    return [`## ${title}`, '', then, '', '| message | cause | what to do |', '| --- | --- | --- |', ...rows].join('\n')
  })
  const states = Object.entries(permanent).map(([code, todo]) => `| \`${code}\` | ${cell(todo)} |`)
  return `${[
    '# Errors',
    `Every message of notifyd, its cause and what to do; \`…\` stands for what differs. Written by \`npm run docs:errors\` from
\`src/terminal/error-table.ts\`. Exit status: 0 done · 1 failed while running · 2 bad usage or config · 3 the database is not ready · 4 a
gap. No message holds a payload, a name, a comment or a patient key.`,
    ...sections,
    `## What the database says

These SQLSTATEs, and codes of TLS to the database, end the daemon with status 3, because only a person can mend them; every other one is tried again with backoff,
and its code stands in the log (\`code\`) and in \`notifyd_reconnects_total\`. \`CONNECTION\` is a connection that ended without a
code: its \`reason\` is in the same line.

| code | what to do |
| --- | --- |
${states.join('\n')}`,
    `## A defect

\`TypeError\` and the like end the daemon with status 1 and a stack trace: trying again would repeat it. Nothing is lost; report it with
the trace, which holds no data of a patient: the error's own message, which could, is left out.`,
  ].join('\n\n')}\n`
}

if (process.argv[1]?.endsWith('errors-page.ts')) {
  await writeFile(new URL('../docs/errors.md', import.meta.url), errorsPage())
}
