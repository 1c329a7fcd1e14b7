// The alerts against what the daemon serves: every metric and label value that a rule names exists, every alert is explained,
// every metric is documented.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Metrics } from '../../src/status/metrics.js'
import { initialState } from '../../src/status/state.js'
import { type Exposition, parseExposition, seriesNames } from '../support/exposition.js'
import { selectorsOf } from '../support/promql.js'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const { groups } = parse(read('deploy/prometheus-rules.yml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const operations = read('docs/operations.md')

async function served(): Promise<Exposition> {
  const metrics = new Metrics({
    version: '0',
    endpoints: ['desk'],
    models: ['appointment'],
    state: initialState(),
    journal: () => ({ endpoints: [], lastCommittedAt: 0, gaps: { found: 0, accepted: 0, resumed: 0 }, rowGaps: 0 }),
    files: async () => ({ mainBytes: 0, walBytes: 0, freeBytes: 0 }),
  })
  return parseExposition((await metrics.render()).text)
}

/** Of Prometheus itself, for each target. */
const ofPrometheus = new Set(['up'])

/** What a rule asks for that nothing serves. */
function unserved(expression: string, exposition: Exposition): string[] {
  const names = seriesNames(exposition)
  return selectorsOf(expression).flatMap(({ metric, labels }) => {
    if (ofPrometheus.has(metric)) return []
    if (!names.has(metric)) return [metric]
    const state = labels.get('state')
    return state === undefined || exposition.value(metric, { state }) !== null ? [] : [`${metric} ${state}`]
  })
}

describe('the alerts', () => {
  test('ask for what is served', async () => {
    const exposition = await served()
    expect(rules.length).toBeGreaterThan(10)
    expect(rules.flatMap(({ expr }) => unserved(expr, exposition))).toEqual([])
    const wrong = 'rate(notifyd_attempt_total[5m]) > 0 or notifyd_gaps{state="open"} > 0 or notifyd_ready < 1'
    expect(unserved(wrong, exposition)).toEqual(['notifyd_attempt_total', 'notifyd_gaps open'])
  })

  test('look at the job notifyd alone', () => {
    for (const { alert, expr } of rules) {
      for (const { metric, labels } of selectorsOf(expr))
        expect(labels.get('job'), `${alert}: ${metric}`).toBe('notifyd')
    }
  })

  test.each(rules)('$alert says what it means, who is woken, and what to do', ({ alert, labels, annotations }) => {
    expect(labels.severity).toMatch(/^(page|ticket)$/)
    expect(annotations.summary.length).toBeGreaterThan(30)
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`)
    expect(operations).toMatch(new RegExp(`^### ${alert}$`, 'm'))
  })
})

test('docs/operations.md names each metric with its labels, and none that is not there', async () => {
  const { families } = await served()
  const ours = families.map(({ name }) => name).filter((name) => name.startsWith('notifyd_'))
  const table = [...operations.matchAll(/^\| `(notifyd_\w+)/gm)].map(([, name]) => name)
  expect(table.toSorted()).toEqual(ours.toSorted())
})

test('no heading explains an alert that is not there', () => {
  const headings = [...operations.matchAll(/^### (Notifyd\w+)$/gm)].map(([, name]) => name)
  expect(headings.toSorted()).toEqual(rules.map(({ alert }) => alert).toSorted())
})

test('two clinics in one job hide nothing of each other: promtool test rules', async () => {
  const file = fileURLToPath(new URL('../../deploy/prometheus-rules.test.yml', import.meta.url))
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile('promtool', ['test', 'rules', file], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    )
  })
  expect(code, code === 'ENOENT' ? 'promtool is missing: apt-get install prometheus' : output).toBe(0)
}, 60_000)
