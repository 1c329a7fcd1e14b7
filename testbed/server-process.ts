// PostgreSQL as a child process. In: programs, a data directory, a port. Out: a process that accepts connections, and
// the promise of its end. Owns this invariant: the server never outlives this process, not even when it is SIGKILLed.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** The user that runs PostgreSQL, where it cannot be ours (PostgreSQL refuses root); else undefined. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** `postgres`, else `nobody`, when we are root. */
export async function serverUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const found = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  if (found === undefined) throw new Error('PostgreSQL does not run as root, and there is no user nobody')
  return { uid: Number(found[2]), gid: Number(found[3]) }
}

/** A clean environment: a bogus or missing LANG changes nothing. */
const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/** Runs a program of PostgreSQL's to its end. @throws Error with what the program said. */
export async function runProgram(path: string, args: readonly string[], user: ServerUser | undefined): Promise<void> {
  await promisify(execFile)(path, [...args], { env: environment, cwd: '/', ...user })
}

// $1 is removed with everything in it when our process is gone; the rest is the command. The end of our process closes
// the shell's stdin. SIGINT is a fast shutdown; it waits for a walsender that acknowledges nothing, so SIGQUIT follows.
const guardian = `
home=$1; shift
exec 3<&0
"$@" 3<&- </dev/null >&2 & server=$!
echo $server
(
  while read -r line <&3; do :; done
  trap '' TERM
  kill -INT $server 2>/dev/null
  tries=0
  while kill -0 $server 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -eq 30 ] && kill -QUIT $server
    sleep 0.1
  done
  rm -rf -- "$home"
) >/dev/null 2>&1 & watcher=$!
wait $server; status=$?
kill $watcher
exit $status
`

export interface ServerProcess {
  /** The postmaster's. */
  readonly pid: number
  /** Resolves when the postmaster has ended, with its exit status. */
  readonly ended: Promise<number | null>
  /** The last lines of the server's log. */
  log(): string
}

/**
 * Starts a server and waits until it accepts connections.
 * @throws Error with the server's log where it ended instead.
 */
export async function spawnServer(options: {
  readonly command: readonly string[]
  /** Removed when our process ends without stopping the server. */
  readonly home: string
  readonly user: ServerUser | undefined
}): Promise<ServerProcess> {
  // detached: Ctrl-C in a terminal reaches us only, so that we decide the order in which things end
  const shell = spawn('/bin/sh', ['-c', guardian, 'guardian', options.home, ...options.command], {
    env: environment,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...options.user,
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    shell.once('exit', resolve)
    shell.once('error', reject)
  })
  const lines: string[] = []
  const ready = new Promise<void>((resolve) => {
    createInterface(shell.stderr).on('line', (line) => {
      lines.push(line)
      if (lines.length > 200) lines.shift()
      if (/database system is ready to accept (?:read-only )?connections$/.test(line)) resolve()
    })
  })
  const log = () => lines.join('\n')
  const pid = firstLine(shell)
  const outcome = await Promise.race([ready.then(() => 'ready' as const), ended])
  if (outcome !== 'ready') throw new Error(`PostgreSQL ended with status ${outcome} before it was ready:\n${log()}`)
  return { pid: Number(await pid), ended, log }
}

function firstLine(shell: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (shell.stdout) createInterface(shell.stdout).once('line', resolve)
  })
}
