// How connections to the database are made, as far as it can be told without one.

import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { connectionConfig, exposure } from '../../src/capture/connection.js'

const exposed = (url: string, tls: object | null = null) => exposure({ url, tls })
const far = 'postgres://u:p@db.example/clinic'

describe('a way to the database that others could read or alter', () => {
  test.each([
    [far, 'not encrypted'],
    [`${far}?sslmode=disable`, 'not encrypted'],
    [`${far}?sslmode=no-verify`, 'the server’s certificate is not verified'],
    [`${far}?sslmode=require&uselibpqcompat=true`, 'the server’s certificate is not verified'],
  ])('%s: %s', (url, reason) => {
    expect(exposed(url)).toBe(reason)
    expect(exposed(url, {})).toBeNull()
  })

  test.each([
    `${far}?sslmode=verify-full`,
    `${far}?ssl=true`,
    'postgres://u:p@localhost/clinic',
    'postgres://u:p@127.0.0.1:5433/clinic',
    'postgres://u:p@[::1]/clinic',
    'postgres:///clinic?host=/run/postgresql',
  ])('%s is none', (url) => {
    expect(exposed(url)).toBeNull()
  })
})

test('TLS is verified, whatever the environment says, and pg changes nothing of what it is given', () => {
  const tls = { ca: 'ca', cert: 'cert', key: 'key' }
  const config = connectionConfig({ url: `${far}?sslmode=no-verify`, tls })
  expect(config.ssl).toEqual({ ...tls, rejectUnauthorized: true })
  new pg.Client(config)
  expect(Object.keys(tls)).toEqual(['ca', 'cert', 'key'])
  const byUrl = connectionConfig({ url: `${far}?sslmode=verify-full`, tls: null })
  expect(byUrl.ssl).toEqual({ rejectUnauthorized: true })
})
