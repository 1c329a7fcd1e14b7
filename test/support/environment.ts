// A test's outcome is the same in every shell: colours (which a CI server turns on) and libpq's variables of whoever
// runs it reach neither the code under test nor what it spawns.
const foreign = /^(FORCE_COLOR|COLORTERM|CI|PG[A-Z]+)$/

for (const name of Object.keys(process.env)) if (foreign.test(name)) delete process.env[name]
process.env['NO_COLOR'] = '1'
