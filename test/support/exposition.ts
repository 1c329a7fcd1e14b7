// The metrics text through parsers that are not ours: families by one, each sample's line by Prometheus's own grammar, which
// takes it for a selector. In: exposition text. Out: families and samples.
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { type Selector, selectorsOf } from './promql.js'

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'COUNTER' | 'GAUGE' | 'HISTOGRAM' | 'SUMMARY' | 'UNTYPED'
}

export interface Exposition {
  readonly families: readonly Family[]
  readonly samples: readonly (Selector & { readonly value: number })[]
  /** Null: there is no such sample. */
  value(metric: string, labels?: Readonly<Record<string, string>>): number | null
}

/** @throws Error with the line that is not of the format. */
export function parseExposition(exposition: string): Exposition {
  const lines = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const samples = lines.map((line) => {
    const space = line.lastIndexOf(' ')
    const [selector, ...others] = selectorsOf(line.slice(0, space))
    const text = line.slice(space + 1)
    const value = Number(text.replace('Inf', 'Infinity'))
    const isNumber = text !== '' && (!Number.isNaN(value) || /^nan$/i.test(text))
    if (selector === undefined || others.length > 0 || !isNumber) throw new Error(`no sample: ${line}`)
    return { ...selector, value }
  })
  const value: Exposition['value'] = (metric, labels = {}) =>
    samples.find(
      (one) =>
        one.metric === metric && Object.entries(labels).every(([name, wanted]) => one.labels.get(name) === wanted),
    )?.value ?? null
  return { families: parsePrometheusTextFormat(exposition), samples, value }
}

/** Every name that a query can ask for: of a histogram those of its series. */
export const seriesNames = ({ families }: Exposition): ReadonlySet<string> =>
  new Set(
    families.flatMap(({ name, type }) =>
      type === 'HISTOGRAM' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name],
    ),
  )
