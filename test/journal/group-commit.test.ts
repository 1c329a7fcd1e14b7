// Whose writes share an fsync. What is told apart is which transaction a write came in, never when.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GroupCommit } from '../../src/journal/group-commit.js'
import { Sqlite } from '../../src/journal/sqlite.js'
import { openDatabase } from '../../src/journal/sqlite-driver.js'
import { quickFolder } from '../support/quick-folder.js'

class CountingSqlite extends Sqlite {
  transactions = 0

  override transaction<T>(work: () => T): T {
    this.transactions += 1
    return super.transaction(work)
  }
}

/** Each write resolves to the number of its transaction. */
async function open() {
  const folder = await quickFolder()
  const sqlite = new CountingSqlite(openDatabase(join(folder, 'journal.db')))
  sqlite.exec('CREATE TABLE written (number INTEGER) STRICT')
  const write = () => {
    sqlite.run('INSERT INTO written VALUES (?)', [sqlite.transactions])
    return sqlite.transactions
  }
  return {
    sqlite,
    commits: new GroupCommit(sqlite, () => null),
    write,
    [Symbol.asyncDispose]: async () => {
      sqlite.close()
      await rm(folder, { recursive: true })
    },
  }
}

test('what may wait comes with what is written next', async () => {
  await using journal = await open()
  const { commits, write } = journal
  const along = commits.writeAlong(write)
  const soon = commits.writeSoon(write)
  const now = commits.write(write)
  expect(await Promise.all([along, soon, now])).toEqual([1, 1, 1])
})

test('and is written where nothing follows', async () => {
  await using journal = await open()
  const { commits, write } = journal
  expect(await commits.writeAlong(write)).toBe(1)
  expect(await commits.writeSoon(write)).toBe(2)
})

test('a write that fails takes no other of its group with it', async () => {
  await using journal = await open()
  const { commits, write, sqlite } = journal
  const good = [commits.write(write), commits.writeAlong(write)]
  const bad = commits.write(() => {
    write()
    throw new Error('refused')
  })
  await expect(bad).rejects.toThrow('refused')
  await Promise.all(good)
  expect(sqlite.all('SELECT * FROM written')).toHaveLength(2)
})
