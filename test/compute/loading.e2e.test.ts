import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ProtocolLoadError } from '../../src/base/errors.js'
import { sdk } from '../../src/compute/sdk.js'
import * as publicApi from '../../src/index.js'
import { closeAll, load } from './load.js'

afterEach(closeAll)

describe('loading', () => {
  test.each([
    [['pager.ts', 'same-name.ts'], /same-name\.ts: class Pager has the name of pager\.ts/],
    [['never-computes.ts'], /never-computes\.ts: NeverComputes would never compute/],
    [['wrong-meta.ts'], /wrong-meta\.ts: WrongMeta: Meta\.compute_on_change_types\.0/],
    [['no-protocol.ts'], /no-protocol\.ts: it exports no class/],
    [['missing.ts'], /missing\.ts: it does not load/],
  ])('%j is refused', async (files, message) => {
    const loading = load(files)
    await expect(loading).rejects.toThrow(ProtocolLoadError)
    await expect(loading).rejects.toThrow(message)
  })

  const file = (body: string, name = 'Own') => `
    import { CHANGE_TYPE, ClinicalQualityMeasure, ProtocolResult } from 'notification-protocol'
    const Meta = { title: 'Own', compute_on_change_types: [CHANGE_TYPE.APPOINTMENT] }
    export class ${name} extends ClinicalQualityMeasure {
      ${body}
      compute_results() { return new ProtocolResult() }
    }`
  const meta = 'static Meta = Meta'

  test.each([
    ['does not parse', 'export class {', /own\.ts: it does not load: \w*Error: /],
    ['throws', 'throw new RangeError("not today")', /own\.ts: it does not load: RangeError: not today/],
    ['ends the thread', 'process.exit(3)', /own\.ts: loading ended early/],
    ['has a class without Meta', file(''), /own\.ts: Own has no static Meta/],
    [
      'has the built-in protocol’s name',
      file(meta, 'AppointmentNotification'),
      /own\.ts: class Appoint.* the built-in/,
    ],
    [
      'has none but abstract classes',
      file(`static override Meta = { ...Meta, abstract: true }`),
      /own\.ts: it exports no class but abstract ones/,
    ],
    [
      'cannot say whether it is enabled',
      file(`${meta}; static enabled() { throw new RangeError('not today') }`),
      /own\.ts: Own\.enabled\(\) failed: RangeError: not today/,
    ],
    ['has a class without a name', file(`${meta}; static override readonly name = ''`), /own\.ts: .* needs a name/],
  ])('a file that %s is refused by its name', async (_, text, message) => {
    await using own = await ownFile(text)
    const loading = load([own.path])
    await expect(loading).rejects.toThrow(ProtocolLoadError)
    await expect(loading).rejects.toThrow(message)
  })

  test('the documentation’s name for a change type is the code’s', async () => {
    await using own = await ownFile(file(meta).replace('CHANGE_TYPE.APPOINTMENT', "'EXTERNAL_EVENTS', 'PROCEDURE'"))
    const { compute } = await load([own.path])
    expect(compute.protocols).toMatchObject([{ changeTypes: ['EXTERNAL_EVENT', 'PROCEDURE'], idle: null }])
    expect(sdk.CHANGE_TYPE.EXTERNAL_EVENTS).toBe(sdk.CHANGE_TYPE.EXTERNAL_EVENT)
  })

  test('a file that lies elsewhere has the daemon’s own module', async () => {
    await using own = await ownFile(file(meta))
    const { compute, run } = await load([own.path])
    expect(compute.protocols).toMatchObject([{ name: 'Own', file: 'own.ts', changeTypes: ['APPOINTMENT'] }])
    expect((await run({}))[0]?.outcome).toMatchObject({ tag: 'computed', protocol: 'Own' })
  })
})

/** A file own.ts in a folder of its own, far from the project. */
async function ownFile(text: string): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'notifyd-protocol-'))
  const path = join(folder, 'own.ts')
  await writeFile(path, text)
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test('the package root and the running daemon give the same names', () => {
  const api: Readonly<Record<string, unknown>> = publicApi
  expect(Object.keys(sdk).sort()).toEqual(Object.keys(api).sort())
  for (const [name, value] of Object.entries(sdk)) expect(api[name]).toBe(value)
})
