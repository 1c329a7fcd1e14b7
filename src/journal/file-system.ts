// Where the journal's file lies: a file system that forgets, or one that others have too, is none for it.
import { statfs } from 'node:fs/promises'
import { type Finding, fail, warn } from '../capture/finding.js'

/** `f_type` of statfs(2), Linux. */
const inMemory: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])
const overNetwork: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x01021997, '9p'],
])

/** @param place the file, or the folder that it will be in. Null: nothing is wrong with it. @throws what statfs throws */
export async function inspectFileSystem(place: string): Promise<Finding | null> {
  return judgeFileSystem(place, (await statfs(place)).type)
}

/** Pure. @param type `f_type` */
export function judgeFileSystem(place: string, type: number): Finding | null {
  const title = 'journal’s file system'
  const memory = inMemory.get(type)
  if (memory !== undefined) {
    const found = `${place} is on ${memory}, in memory: a restart of the machine loses the journal, which is a gap`
    return warn(title, found, 'set journal.url to a file on a local disk')
  }
  // The signed number is what some systems give for the same bits.
  const network = overNetwork.get(type) ?? overNetwork.get(type >>> 0)
  if (network === undefined) return null
  const found = `${place} is on ${network}: over a network neither SQLite's locks nor its shared memory hold, and two daemons could own the journal`
  return fail(title, found, 'set journal.url to a file on a local disk')
}
