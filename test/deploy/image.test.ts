// The Dockerfile as text: valid, in stages, without root, with a health check. `npm run image:steps` carries it out.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Copy, DockerfileParser, type From } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(`${root}/Dockerfile`, 'utf8')
const dockerfile = DockerfileParser.parse(text)
const instructions = dockerfile.getInstructions()
const last = instructions.slice(instructions.findLastIndex((one) => one.getKeyword() === 'FROM'))
const inLast = (keyword: string) => last.find((one) => one.getKeyword() === keyword)?.getArgumentsContent() ?? ''

test('it is valid', () => {
  expect(validate(text)).toEqual([])
  expect(validate(text.replace('WORKDIR', 'WORKDIRS'))).not.toEqual([])
})

test('it is built in other stages than it runs in, as nobody’s superuser, and says when it is alive', () => {
  const stages = instructions.filter((one) => one.getKeyword() === 'FROM').map((one) => (one as From).getBuildStage())
  expect(stages).toEqual(['build', 'dependencies', null])
  expect(last.filter((one) => one.getKeyword() === 'RUN')).toEqual([])
  expect(inLast('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  expect(inLast('HEALTHCHECK')).toContain('/health/live')
  expect(inLast('ENTRYPOINT')).toContain('/opt/notifyd/dist/cli.js')
})

test('its context lets in what is copied and what a package needs to run, and no more', () => {
  const [first, ...letIn] = readFileSync(`${root}/.dockerignore`, 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line))
  expect(first).toBe('*')
  const copies = instructions.filter((one): one is Copy => one.getKeyword() === 'COPY')
  const fromContext = copies
    .filter((copy) => !copy.getFlags().some((flag) => flag.getName() === 'from'))
    .flatMap((copy) => copy.getArguments().slice(0, -1))
    .map((argument) => argument.getValue())
  expect([...new Set(fromContext)].toSorted()).toEqual(letIn.map((line) => line.slice(1)).toSorted())
  expect(fromContext.filter((path) => !existsSync(`${root}/${path}`))).toEqual([])
  const { files } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { files: string[] }
  // Built there, and what a person reads: none of it is needed to run.
  const others = ['dist', 'CHANGELOG.md', 'deploy', 'docs', 'examples']
  expect(files.filter((path) => !others.includes(path) && !fromContext.includes(path))).toEqual([])
})
