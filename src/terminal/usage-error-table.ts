// The first part of the error table: what is said of a command line or a config that is wrong. A heading, and a line each as
// error-table.ts has them.

export const usageErrors = `# Bad usage or config | Exit status 2, at once; nothing was touched. Of an unknown command, option or config key the nearest one is named, where one is near.
expected a whole number from 1 on. | an option's value is none | give one
expected an LSN, like 0/16B3748. | an option's value is none | take one from the log, \`tail\` or \`status\`
give a number above 0, like 50. | --rate is none | give one
not valid JSON at … | the config has a mistake there | correct it: a comma, a quote, a brace
… …: nobody configured it and the journal has none; …… | an endpoint, a notification or a kind of that name is neither in the config nor in the journal | use the nearest name, which it says, or one of those that it lists
expected a name of its own, but endpoints[…] has it | two endpoints have one name, which is part of every webhook id | rename one
the file … cannot be read (…) | a file that the config names is missing, or not this user's to read | correct the path, or its owner and mode
the key in … is not that of the certificate in … | key_file and cert_file do not belong together | name the pair
holds no certificate: expected PEM (-----BEGIN CERTIFICATE-----) | the file is DER, or something else | openssl x509 -inform der -in … -out …
there is no such file: name one with --config, or start from config.example.json | the config is not where it is looked for | --config
expected a table of its own, but models.… has it | two models follow one table | take one away
expected a placeholder like \${NAME} or \${file:PATH} | a $ that begins nothing | write \${NAME}
the environment variable … is not set | the config takes a value from it | set it where the daemon is started
missing: … | a key that is needed is not there | the message says what was expected
--to lies before --from | the range of a replay is empty | exchange the two
LSN_IN_FUTURE: the journal ends at … | nothing was journaled there yet | take an LSN from the log, or wait
the journal is empty: nothing was followed yet | the daemon never streamed with this journal | start notifyd run first; is journal.url the right file?
… …: expected a time like 2026-11-24T08:00-05:00, 2026-11-24 or 2h (ago) | it is no such time, or has no zone | write it as ISO 8601, with Z or an offset; a date alone is its midnight, UTC
… …: expected … | it is neither an LSN nor a time | take an LSN from the log, \`tail\` or \`status\`, or write a time as the message shows
expected an LSN, like 0/16B3748, or a time, like 2026-11-24T08:00-05:00 or 2h. | an option's value is neither | take an LSN from the log, \`tail\` or \`status\`, or write a time as the message shows
--recompute is of a range: give --from | replay --recompute was given a webhook id | give the LSN of the notification, which explain shows, as --from and --to
a webhook id is one notification: no range and no filter goes with it | replay was given both | leave one out
give --from, an LSN or a time like 2h, or a webhook id (msg_…) | replay was given nothing to send | name a range or a notification
--from lies in the future | nothing was committed there yet | is this machine's clock right?
give names of gaps or --rows, not both | gaps accept was given both | give one of them
there is no gap …… | gaps accept was given an id or an LSN that no gap has; the nearest is named | notifyd gaps list prints the ids
the journal is whole from … on…: what lies before was never seen or is pruned | the range begins before what the journal has | begin where it says
…: the journal has none of that id | it is another journal's, or pruned | look with explain, by the appointment
… is still owed: notifyd retry sends what waits | replay is for what was delivered | notifyd retry --appointment
… was discarded: … | an operator gave it up | dead-letters list says when
… is of no commit, and is not sent again | it is a gap's notice | nothing: it was about that moment
name --endpoint, --appointment, or --all that waits | nothing was selected | select, or say --all
name a webhook id, --endpoint, --before, or --all of them | nothing was selected, and nothing is changed by accident | select, or say --all
--changes and --journal are two places to take changes from: give one | protocols test was given both | give one
--from, --to and --show-payloads are of the journal: give --journal too | protocols test runs over examples without --journal | add it, or leave them out
--changes and --expected are of one protocol: name one file | protocols test was given several files | run it once for each, or leave them beside their files
is no JSON: … | a file of examples, or what is expected, has a mistake | correct it at the place that the message names
cannot be read (…) | the file of --changes is not there, or not this user's | correct the path
the expectation … cannot be written (…) | protocols test --update may not write beside the protocol | --expected names another file
--endpoint … is none of the config: …there is … | example, trigger or listen was given a name with a mistake | the nearest is named
--times is of --refuse: give both | listen is to refuse so many, with what? | --refuse 503 --times 3
none of these endpoints has a secret: there is nothing to verify with | listen verifies, and no endpoint signs | give the endpoint secrets
expected a port from 0 to 65535. | --port of listen | 0 takes a free one
expected a status from 300 to 599. | --refuse of listen | 503, 410 …
endpoint … is not enabled, so nothing is sent to it: set "enabled": true | trigger sends to no endpoint that is held | enable it, or trigger another`
