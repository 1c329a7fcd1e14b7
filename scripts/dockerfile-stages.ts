// Carries out a Dockerfile without a container: each stage is a folder, WORKDIR and COPY happen in it, RUN runs there with this
// machine's own tools in the place of the base image's. In: a Dockerfile and its .dockerignore. Out: the last stage's folder,
// and how it is to be started.
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Copy, DockerfileParser, type From, type Instruction, JSONInstruction } from 'dockerfile-ast'

export interface Stage {
  /** What the stage has as `/`. */
  readonly root: string
  workdir: string
  readonly env: Record<string, string>
  user: string
  entrypoint: readonly string[]
  command: readonly string[]
  healthcheck: readonly string[]
}

export interface StagesOptions {
  readonly repository: string
  /** An empty folder. */
  readonly folder: string
  /** Environment of RUN: a PATH with the node that stands for the base image's. */
  readonly env: Readonly<Record<string, string>>
  readonly say: (line: string) => void
}

/** @throws what a RUN step throws, and Error at an instruction that it does not know. */
export async function carryOut({ repository, folder, env, say }: StagesOptions): Promise<Stage> {
  const dockerfile = DockerfileParser.parse(await readFile(join(repository, 'Dockerfile'), 'utf8'))
  const context = await contextOf(repository, join(folder, 'context'))
  const stages = new Map<string, Stage>()
  let stage: Stage | null = null
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword()
    if (keyword === 'ARG' && stage === null) continue
    if (keyword === 'FROM') {
      const name = (instruction as From).getBuildStage() ?? String(stages.size)
      stage = newStage(join(folder, name))
      await mkdir(stage.root)
      stages.set(name, stage)
    } else if (stage === null) throw new Error(`${keyword} before FROM`)
    else if (keyword === 'RUN') await run(stage, instruction.getArgumentsContent() ?? '', env, say)
    else if (keyword === 'COPY') await copy(stage, instruction as Copy, context, stages)
    else await apply(stage, instruction)
  }
  if (stage === null) throw new Error('the Dockerfile has no stage')
  return stage
}

const newStage = (root: string): Stage => ({
  root,
  workdir: '/',
  env: {},
  user: '0',
  entrypoint: [],
  command: [],
  healthcheck: [],
})

/** What a builder is given: the .dockerignore leaves everything out, and names what is let in. */
async function contextOf(repository: string, context: string): Promise<string> {
  const patterns = (await readFile(join(repository, '.dockerignore'), 'utf8')).split('\n').filter(isPattern)
  const [first, ...rest] = patterns
  if (first !== '*' || !rest.every((one) => one.startsWith('!')))
    throw new Error('.dockerignore: expected *, then !names')
  await mkdir(context)
  for (const name of rest.map((one) => one.slice(1))) {
    await cp(join(repository, name), join(context, name), { recursive: true })
  }
  return context
}

const isPattern = (line: string): boolean => line !== '' && !line.startsWith('#')

async function run(
  stage: Stage,
  command: string,
  env: StagesOptions['env'],
  say: (line: string) => void,
): Promise<void> {
  const began = performance.now()
  const cwd = join(stage.root, stage.workdir)
  await promisify(execFile)('/bin/sh', ['-ec', command], { cwd, env: { ...env, ...stage.env }, maxBuffer: 1e8 })
  say(`RUN ${command} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
}

async function copy(
  stage: Stage,
  instruction: Copy,
  context: string,
  stages: ReadonlyMap<string, Stage>,
): Promise<void> {
  const flags = new Map(instruction.getFlags().map((flag) => [flag.getName(), flag.getValue()]))
  const paths = instruction.getArguments().map((argument) => argument.getValue())
  const target = paths.pop() ?? ''
  const from = flags.get('from')
  const source = from === undefined ? context : stages.get(String(from))?.root
  if (source === undefined) throw new Error(`COPY --from=${from}: there is no such stage`)
  const inStage = join(stage.root, resolve(stage.workdir, target))
  for (const path of paths) {
    const into = target.endsWith('/') ? join(inStage, basename(path)) : inStage
    await cp(join(source, path), into, { recursive: true, verbatimSymlinks: true })
    await promisify(execFile)('chmod', ['-R', flags.get('chmod') ?? 'u=rwX,go=rX', into])
    const owner = flags.get('chown')
    if (owner && process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', owner, into])
  }
}

async function apply(stage: Stage, instruction: Instruction): Promise<void> {
  const text = instruction.getArgumentsContent() ?? ''
  switch (instruction.getKeyword()) {
    case 'WORKDIR':
      stage.workdir = text
      await mkdir(join(stage.root, text), { recursive: true })
      return
    case 'ENV': {
      const at = text.indexOf('=')
      stage.env[text.slice(0, at)] = text.slice(at + 1)
      return
    }
    case 'USER':
      stage.user = text
      return
    case 'ENTRYPOINT':
      stage.entrypoint = strings(instruction)
      return
    case 'CMD':
      stage.command = strings(instruction)
      return
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(text.slice(text.indexOf('['))) as string[]
      return
    case 'VOLUME':
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return
    default:
      throw new Error(`${instruction.getKeyword()}: this script does not know how to do that`)
  }
}

function strings(instruction: Instruction): string[] {
  if (!(instruction instanceof JSONInstruction)) throw new Error(`${instruction.getKeyword()}: expected the JSON form`)
  return instruction.getJSONStrings().map((argument) => JSON.parse(argument.getValue()) as string)
}
