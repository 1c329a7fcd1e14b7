#!/usr/bin/env node
// The program. The daemon hears signals from its first moment on; everything else is loaded after that.
import { listenToSignals } from './process-signals.js'

const args = process.argv.slice(2)
const signals = args[0] === 'run' ? listenToSignals() : null
const { main } = await import('./main.js')
const status = await main(args, signals)
// A connection that was left behind while it was being made must not keep the process.
process.exit(status)
