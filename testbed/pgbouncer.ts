// A real pgbouncer before a real PostgreSQL, for what its refusals look like. In: the server's host and port. Out: a port of
// 127.0.0.1 that leads through it; disposing of it ends the process. pgbouncer comes from the system's packages.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { serverUser } from './server-process.js'

export interface Pgbouncer extends AsyncDisposable {
  readonly port: number
}

/** @param settings of its [pgbouncer] section */
export async function startPgbouncer(
  server: { readonly host: string; readonly port: number },
  settings: Readonly<Record<string, string>> = {},
): Promise<Pgbouncer> {
  const user = await serverUser()
  const home = await mkdtemp(join(tmpdir(), 'notifyd-pgbouncer-'))
  await chmod(home, 0o755)
  const port = await freePort()
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    auth_type: 'any',
    unix_socket_dir: '',
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const file = join(home, 'pgbouncer.ini')
  await writeFile(file, `[databases]\n* = host=${server.host} port=${server.port}\n[pgbouncer]\n${lines.join('\n')}\n`)
  // It refuses to be root.
  const child = spawn('pgbouncer', ['-q', file], { stdio: 'ignore', uid: user?.uid, gid: user?.gid })
  const ended = once(child, 'exit')
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  await Promise.race([failed, untilListening(port, () => child.exitCode === null)])
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(port: number, isAlive: () => boolean): Promise<void> {
  while (isAlive()) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(20)
    } finally {
      socket.destroy()
    }
  }
  throw new Error('pgbouncer ended')
}
