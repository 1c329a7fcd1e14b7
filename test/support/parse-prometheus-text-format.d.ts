// The parser brings no types of its own.
declare module 'parse-prometheus-text-format' {
  import type { Family } from './exposition.js'
  export default function parse(text: string): Family[]
}
