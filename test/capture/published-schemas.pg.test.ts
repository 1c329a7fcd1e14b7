// A publication FOR TABLES IN SCHEMA, on a real PostgreSQL: what it does to a followed table that is moved, what is said of it, and
// that the SQL which is printed mends it.
import { expect, test } from 'vitest'
import { openControl } from '../../src/capture/control.js'
import { schemaFindings } from '../../src/capture/published-schemas.js'
import { createTestDatabase } from '../support/database.js'

const appointment = { schema: 'public', table: 'appointment' }

test('by schema, a table that is moved leaves it and a new one joins: it is said, and its remedy names the tables', async () => {
  await using database = await createTestDatabase()
  const control = openControl({ url: database.url, tls: null }, () => undefined)
  const found = () => schemaFindings(control, 'notifyd', [appointment], ({ schema, table }) => `${schema}.${table}`)
  const published = async () =>
    (
      await database.query<{ it: string }>(
        `SELECT schemaname || '.' || tablename AS it FROM pg_publication_tables WHERE pubname = 'notifyd'`,
      )
    ).map(({ it }) => it)
  try {
    expect(await found()).toEqual([])
    await database.query(
      'DROP PUBLICATION notifyd; CREATE PUBLICATION notifyd FOR TABLES IN SCHEMA public; CREATE TABLE newcomer (id int PRIMARY KEY); CREATE SCHEMA maint',
    )
    expect(await published()).toContain('public.newcomer')
    const [warning] = await found()
    expect(warning).toMatchObject({
      level: 'warn',
      found:
        'it is FOR TABLES IN SCHEMA public: a followed table that is moved to another schema leaves it unasked, and every new table there joins it',
    })
    await database.query('ALTER TABLE appointment SET SCHEMA maint')
    expect(await published()).not.toContain('maint.appointment')

    await database.query('ALTER TABLE maint.appointment SET SCHEMA public')
    // Named beside the schema it stays; what joins unasked is still said.
    const [add = '', drop = ''] = (warning?.remedy ?? '').split('; ')
    await database.query(add)
    expect(await found()).toMatchObject([
      { found: 'it is FOR TABLES IN SCHEMA public: every new table there joins it' },
    ])
    await database.query(drop)
    expect(await found()).toEqual([])
    await database.query('ALTER TABLE appointment SET SCHEMA maint')
    expect(await published()).toEqual(['maint.appointment'])
  } finally {
    await control.close()
  }
})
