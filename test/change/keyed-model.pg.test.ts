// What the catalogs say of a further model's rows: which they are, and whose.
import { expect, test } from 'vitest'
import { openControl } from '../../src/capture/control.js'
import { inspectRowKeys } from '../../src/capture/row-keys.js'
import { type Model, makeModel, modelsByTable, patientModel } from '../../src/change/model.js'
import { keyedModels } from '../../src/keyed-models.js'
import { capturedOf, followed } from '../support/changes.js'

const tables = `
  CREATE TABLE patient (id int PRIMARY KEY, key text);
  CREATE TABLE plain (id int PRIMARY KEY, patient_id int, externally_exposable_id text, flag text);
  CREATE TABLE other (report int PRIMARY KEY, subject int REFERENCES patient, flag text);
  CREATE TABLE pair (a int, b text, first int REFERENCES patient, second int REFERENCES patient, PRIMARY KEY (b, a));
  CREATE TABLE named (report bigint PRIMARY KEY, id text, patient_id int);
  CREATE TABLE several (a int, id int, patient_id int, PRIMARY KEY (a, id));
  CREATE TABLE loose (id int, patient_id int);
  ALTER TABLE loose REPLICA IDENTITY FULL;
  CREATE TABLE mapped (number int UNIQUE, code int PRIMARY KEY, who int);
  CREATE TABLE keyless (flag text);
  ALTER TABLE keyless REPLICA IDENTITY FULL`

const names = ['plain', 'other', 'pair', 'named', 'several', 'loose', 'mapped', 'keyless'] as const
const model = (name: string): Model =>
  makeModel({
    name,
    schema: 'public',
    table: name,
    changeType: 'LAB_REPORT',
    columns: name === 'mapped' ? { id: 'number', patient_id: 'who' } : {},
    excluded: [],
  })
const watched = (name: string, isFurther = true) => ({
  model: name,
  schema: 'public',
  table: name,
  columns: [],
  taken: [],
  moments: [],
  minutes: [],
  published: true,
  needsOldImage: false,
  selected: false,
  ...(isFurther ? { keys: name === 'mapped' ? { id: 'number', patient: 'who' } : { id: null, patient: null } } : {}),
})

test('`id` is the primary key and `patient_id` the reference to the patients, unless the config says otherwise', async () => {
  const follow = await followed(tables)
  await using database = follow.database
  const control = openControl({ url: database.url, tls: null }, () => undefined)
  const all = [watched(patientModel, false), ...names.map((name) => watched(name))]
  const models = await keyedModels(control, modelsByTable(names.map(model)), all, new Map())
  const findings = await inspectRowKeys(control, all)
  await control.close()
  await database.query(`
    INSERT INTO patient VALUES (7, 'k');
    INSERT INTO plain VALUES (1, 7, 'ext', 'x'); INSERT INTO other VALUES (2, 7, 'x'); INSERT INTO pair VALUES (3, 'b', 7, 7);
    INSERT INTO named VALUES (8, NULL, 7), (9, 'x', 7); INSERT INTO several VALUES (1, 8, 7); INSERT INTO loose VALUES (8, 7);
    INSERT INTO mapped VALUES (4, 5, 7); INSERT INTO keyless VALUES ('x')`)
  const changes = await capturedOf(follow, [...models.values()])
  const told = changes.map(({ fieldChanges: one, image }) => [
    one.model_name,
    one.canvas_id,
    one.external_id,
    image['patient_id'] ?? null,
  ])
  expect(told).toEqual([
    ['plain', 1, 'ext', 7],
    ['other', 2, null, 7],
    ['pair', 'b,3', null, null],
    ['named', 8, null, 7],
    ['named', 9, null, 7],
    ['several', 8, null, 7],
    ['loose', 8, null, 7],
    ['mapped', 4, null, 7],
    ['keyless', null, null, null],
  ])
  expect(changes[1]?.fieldChanges.fields).toEqual({ id: [null, 2], patient_id: [null, 7], flag: [null, 'x'] })
  // A column that is called `id` and is not the key is one like any other.
  expect(changes[4]?.fieldChanges.fields).toEqual({ report: [null, 9], id: [null, 'x'], patient_id: [null, 7] })
  expect(findings.map(({ level, title, found }) => `${level} ${title}: ${found}`)).toEqual([
    'ok keys of public.plain: canvas_id is id, the patient’s id patient_id',
    'ok keys of public.other: canvas_id is report, the patient’s id subject',
    'warn keys of public.pair: no column of public.pair is known to be its patient’s id: patient_key is null',
    'ok keys of public.named: canvas_id is report, the patient’s id patient_id',
    'ok keys of public.several: canvas_id is id, the patient’s id patient_id',
    'ok keys of public.loose: canvas_id is id, the patient’s id patient_id',
    'ok keys of public.mapped: canvas_id is number, the patient’s id who',
    expect.stringMatching(/^warn keys of public.keyless: .* has no primary key/),
    expect.stringMatching(/^warn keys of public.keyless: no column/),
  ])
})
