// The wall clock of one process, stepped without the machine's: libfaketime (Debian package `libfaketime`) reads how far it is
// off from a file at each look. The monotonic clock goes on, as it does when an administrator sets the time.
import { existsSync, writeFileSync } from 'node:fs'

/** Where Debian and Ubuntu put it on the machines that notifyd is tested on. */
const libraries = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)

/**
 * The environment of a process whose clock is what the file says.
 * @throws Error where the library is not installed.
 */
export function fakedClock(file: string): Readonly<Record<string, string>> {
  const library = libraries.find((path) => existsSync(path))
  if (library === undefined) throw new Error('libfaketime is not installed: apt-get install libfaketime')
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // The times of files are as they are: only the clock is off.
    NO_FAKE_STAT: '1',
  }
}

/** Says how far the clocks that read this file are off, in milliseconds. */
export const setFakedClock = (file: string, offMs: number): void =>
  writeFileSync(file, `${offMs < 0 ? '-' : '+'}${Math.abs(offMs) / 1000}s`)
