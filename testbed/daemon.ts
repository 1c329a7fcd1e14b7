// The built daemon as a child process. In: a config object. Out: its log lines as objects to wait on, signals to send,
// and how it exited. Its config and journal live in a temporary folder that goes when it is disposed of.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: unknown }

export interface Exit {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

export interface DaemonHome extends AsyncDisposable {
  readonly path: string
  readonly configFile: string
  readonly journalFile: string
  /** Writes another config. */
  configure(config: Readonly<Record<string, unknown>>): Promise<void>
}

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

/** A folder with a config file; `journal.url` and `http.port` (a free one) are set unless the config says otherwise. */
export async function makeHome(config: Readonly<Record<string, unknown>>): Promise<DaemonHome> {
  const path = await mkdtemp(join(tmpdir(), 'notifyd-home-'))
  const configFile = join(path, 'config.json')
  const configure: DaemonHome['configure'] = (given) => {
    const whole = { journal: { url: './journal.db' }, http: { port: 0 }, ...given }
    return writeFile(configFile, JSON.stringify(whole, null, 2))
  }
  await configure(config)
  const remove = () => rm(path, { recursive: true, force: true })
  return { path, configFile, journalFile: join(path, 'journal.db'), configure, [Symbol.asyncDispose]: remove }
}

/** Starts `notifyd <command> --config …`; resolves at once. */
export function spawnNotifyd(
  home: DaemonHome,
  args: readonly string[] = ['run'],
  env: Readonly<Record<string, string>> = {},
): DaemonProcess {
  const child = spawn(process.execPath, [cli, ...args, '--config', home.configFile], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new DaemonProcess(child)
}

export class DaemonProcess implements AsyncDisposable {
  /** Parsed lines of stdout; a line that is not JSON becomes `{ msg: line }`. */
  readonly lines: LogLine[] = []
  stdout = ''
  stderr = ''
  readonly exited: Promise<Exit>
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #waiting = new Set<() => void>()
  #exit: Exit | null = null

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.stdout += `${line}\n`
      this.lines.push(parseLine(line))
      this.#tell()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = once(child, 'close').then(([status, signal]) => {
      this.#exit = { status: status as number | null, signal: signal as NodeJS.Signals | null }
      this.#tell()
      return this.#exit
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Waits for a log line. @throws Error with the log's tail when the process ends first, or after `timeoutMs`. */
  async line(wanted: string | ((line: LogLine) => boolean), timeoutMs = 60_000, from = 0): Promise<LogLine> {
    const matches = typeof wanted === 'string' ? (line: LogLine) => line.msg === wanted : wanted
    const find = () => this.lines.slice(from).find(matches)
    return new Promise<LogLine>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(ask)
        settle()
      }
      const ask = () => {
        const line = find()
        if (line !== undefined) finish(() => resolve(line))
        else if (this.#exit !== null) finish(() => reject(this.#problem(`it ended before ${wanted}`)))
      }
      const timer = setTimeout(() => finish(() => reject(this.#problem(`no ${wanted} in ${timeoutMs} ms`))), timeoutMs)
      this.#waiting.add(ask)
      ask()
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (this.#exit === null) this.kill(signal)
    return this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }

  #problem(what: string): Error {
    const tail = this.stdout.split('\n').slice(-15).join('\n')
    return new Error(`notifyd: ${what}\nexit: ${JSON.stringify(this.#exit)}\nlog: ${tail}\nstderr: ${this.stderr}`)
  }

  #tell(): void {
    for (const ask of [...this.#waiting]) ask()
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { msg: line }
  }
}
