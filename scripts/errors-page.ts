// Writes docs/errors.md from the error table: npm run docs:errors
import { writeFile } from 'node:fs/promises'
import { errorCodes, permanent } from '../src/base/errors.js'
import { attemptCodes, attemptErrors, oursAlone } from '../src/send/attempt-errors.js'
import { codesOfOthers } from '../src/terminal/codes-of-others.js'
import { errorTable } from '../src/terminal/error-table.js'

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** The page's text. */
export function errorsPage(): string {
  const sections = errorTable.map(({ title, then, entries }) => {
    const rows = entries.map(({ message, cause, todo }) => `| ${cell(message)} | ${cell(cause)} | ${cell(todo)} |`)
    return [`## ${title}`, '', then, '', '| message | cause | what to do |', '| --- | --- | --- |', ...rows].join('\n')
  })
  const codes = Object.entries(errorCodes).map(
    ([code, { exitStatus, cause, remedy }]) =>
      `| \`${code}\` | ${exitStatus ?? 'none, tried again'} | ${cell(cause)} | ${cell(remedy)} |`,
  )
  const attempts = Object.entries({ ...attemptErrors, ...attemptCodes }).map(
    ([error, { cause, todo }]) => `| \`${error}\` | ${cell(cause)} | ${cell(todo)} |`,
  )
  const ours = Object.entries(oursAlone).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`)
  const others = Object.entries(codesOfOthers).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`)
  const states = Object.entries(permanent).map(([code, todo]) => `| \`${code}\` | ${cell(todo)} |`)
  return `${[
    '# Errors',
    `Every message of notifyd, its cause and what to do; \`…\` stands for what differs. Written by \`npm run docs:errors\` from
\`src/terminal/error-table.ts\`. Exit status: 0 done · 1 failed while running · 2 bad usage or config · 3 the database is not ready · 4 a
gap. No message holds a payload, a name, a comment or a patient key.`,
    `## Codes

Every error has a code, which says what the daemon does about it. Of what is tried again the log has it as \`code\`, and
\`notifyd_reconnects_total\` as its label.

| code | exit status | cause | what to do |
| --- | --- | --- | --- |
${codes.join('\n')}`,
    ...sections,
    `## The error of an attempt

In \`tail\`, \`explain\`, \`audit\`, \`dead-letters list\` and the log: \`http 503\` is the answer's status, and

| error | cause | what to do |
| --- | --- | --- |
${attempts.join('\n')}

A 2xx is a success as soon as its headers are complete: a body that is short, or none, or never ends, is no failure, and neither is a
\`100 Continue\` that nobody asked for.

What this machine has run out of is no attempt: the delivery keeps its step of the schedule, the endpoint is not held to be failing, and
the log says \`nothing could be sent\` with one of these codes.

| code | what to do |
| --- | --- |
${ours.join('\n')}`,
    `## What the database says

These SQLSTATEs, and codes of TLS to the database, end the daemon with status 3, because only a person can mend them; every other one is tried again with backoff,
and its code stands in the log. A daemon that has streamed waits at \`42P01\`, \`3F000\` and \`42703\` (a table, schema or column that has another name for a while) instead of ending.

| code | what to do |
| --- | --- |
${states.join('\n')}`,
    `## Codes after which it goes on

Of the database, of receivers, and of the system.

| code | what it says |
| --- | --- |
${others.join('\n')}`,
    `## A defect

\`TypeError\` and the like end the daemon with status 1 and a stack trace: trying again would repeat it. Nothing is lost; report it with
the trace, which holds no data of a patient: the error's own message, which could, is left out.`,
  ].join('\n\n')}\n`
}

if (process.argv[1]?.endsWith('errors-page.ts')) {
  await writeFile(new URL('../docs/errors.md', import.meta.url), errorsPage())
}
