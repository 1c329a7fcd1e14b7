// The figures as a table, as JSON and as plots.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { Figure, Plot } from './figure.js'

const at = (path: string) => new URL(`../${path}`, import.meta.url)

export function describeMachine(): string {
  const models = new Set(cpus().map(({ model }) => model.trim()))
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`
  return `${cpus().length} × ${[...models].join(', ')}, ${memory}, Node ${process.versions.node}, ${process.platform}`
}

const number = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))

/** Markdown. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ scenario, name, unit, value, goal }) => {
    const spread = `${number(value.lowest)} – ${number(value.highest)}`
    const verdict = goal === null ? '' : goal.met ? `${goal.text} ✓` : `${goal.text} ✗`
    return `| ${scenario} | ${name} | ${number(value.median)} ${unit} | ${spread} | ${verdict} |`
  })
  return ['| scenario | figure | median | lowest – highest | goal |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

const begin = '<!-- figures: written by npm run bench -->'
const end = '<!-- end of figures -->'

export interface Results {
  readonly rounds: number
  readonly scale: number
  readonly figures: readonly Figure[]
  /** Of the gate's short run, for later ones to be compared with. */
  readonly gate: readonly Figure[]
}

const today = () => new Date().toISOString().slice(0, 10)

/** @param isWhole every scenario was run; others go to a file that is not kept */
export function writeResults(results: Results, { isWhole }: { readonly isWhole: boolean }): void {
  mkdirSync(at('bench/results'), { recursive: true })
  const file = `bench/results/${today()}${isWhole ? '' : '-partial'}.json`
  writeFileSync(at(file), `${JSON.stringify({ machine: describeMachine(), ...results }, null, 2)}\n`)
}

/** The table and the plots of docs/performance.md. */
export function writePage({ rounds, scale, figures }: Results, plots: readonly Plot[]): void {
  mkdirSync(at('docs/plots'), { recursive: true })
  for (const plot of plots) writeFileSync(at(`docs/plots/${plot.name}.svg`), svg(plot))
  const page = readFileSync(at('docs/performance.md'), 'utf8')
  const images = plots.map(({ name, title }) => `![${title}](plots/${name}.svg)`).join('\n')
  const text = [
    begin,
    '',
    `${describeMachine()}; ${today()}; ${rounds} rounds, scale ${scale}.`,
    '',
    table(figures),
    '',
    images,
    '',
    end,
  ].join('\n')
  writeFileSync(
    at('docs/performance.md'),
    page.slice(0, page.indexOf(begin)) + text + page.slice(page.indexOf(end) + end.length),
  )
}

/** Bars, the longest as wide as the picture. */
function svg({ title, unit, bars }: Plot): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ label, value }, row) => {
    const y = 40 + row * 30
    const width = Math.max(1, (value / longest) * 380)
    return [
      `<text x="10" y="${y + 15}">${label}</text>`,
      `<rect x="210" y="${y}" width="${width.toFixed(0)}" height="20" fill="${row % 2 === 0 ? '#2b6cb0' : '#a0aec0'}"/>`,
      `<text x="${(216 + width).toFixed(0)}" y="${y + 15}">${number(value)} ${unit}</text>`,
    ].join('')
  })
  const height = 50 + bars.length * 30
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="${height}" font-family="sans-serif" font-size="13"><title>${title}</title>`,
    `<rect width="700" height="${height}" fill="white"/><text x="10" y="22" font-weight="bold">${title}</text>`,
    ...rows,
    '</svg>\n',
  ].join('\n')
}
