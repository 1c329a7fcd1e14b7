// Every message that an operator can meet, with its cause and what to do: the source of docs/errors.md. `…` stands for what
// differs. test/errors.test.ts holds it to the messages in the code, in both directions.
import { usageErrors } from './usage-error-table.js'

export interface ErrorEntry {
  readonly message: string
  readonly cause: string
  readonly todo: string
}

export interface ErrorSection {
  readonly title: string
  /** What the daemon does about all of them. */
  readonly then: string
  readonly entries: readonly ErrorEntry[]
}

/** A line each: message | cause | what to do. */
const text = `
${usageErrors}
# Protocols | Exit status 2 at the start; while running, a protocol that fails harms no other and no notification.
it does not load: … | the file has a mistake, or imports what is not there | the message holds Node's own; check loads it again
it exports … that extends ClinicalQualityMeasure | nothing in the file is a protocol, or only classes whose Meta says abstract | export the class
class … has the name of …: names are part of every webhook id, rename one | two protocols share a name | rename one
a protocol class needs a name: it is part of every webhook id | an anonymous class is exported | give it a name
… has no static Meta | the class does not say what it is | add static Meta, see docs/protocols.md
….enabled() failed: … | the class cannot say whether it is to run | mend its static enabled()
… would never compute: notification_only is true and compute_on_change_types is empty | the Meta asks for nothing | name change types
protocol never computes: its Meta names no change types | compute_on_change_types is empty | name change types, or take the class out
loads, and … | the same, said by check | the same
name change types in its Meta, or take it out of protocols | the same, said by check | the same
loading said … | the file's thread answered with something else | report it
loading ended early: … | the file ended its thread while it was loaded | take process.exit and the like out of the file
protocol failed | compute threw, or took longer than protocol_timeout_ms | notifyd explain <lsn> --protocol-errors shows why; then replay --recompute
suspended after … time-outs in a row, until the daemon starts again | a protocol took too long five times in a row | mend it, restart, and replay --recompute from where it was suspended
protocol suspended until the next start | as above | as above
the clinical database did not answer a protocol; trying again | this.patient.appointments is read for protocols, and the database is away | nothing is lost; look at the database
# The database is not ready | Exit status 3, before anything is streamed; nothing is lost meanwhile. notifyd check shows all of it at once.
the role cannot read its own row of pg_roles | a very unusual role | use another role
PostgreSQL 14 to 18 is needed | the server is older | upgrade it
wal_level = … | logical decoding is off | ALTER SYSTEM SET wal_level = logical; and restart the server
this server is a standby (it is in recovery) | database.url points at a standby | point it at the primary
role … may not replicate | the role lacks REPLICATION (on a managed service: membership in its role for that) | ALTER ROLE … REPLICATION;
all … replication slots are in use | max_replication_slots is reached | raise it (restart needed), or drop a slot that nobody uses
all … are in use | max_wal_senders is reached | raise it (restart needed)
there is no publication … | it was never made, or dropped | notifyd setup, or the SQL that check prints
publication … does not publish all of insert, update and delete | some changes would be missed | ALTER PUBLICATION … SET (publish = 'insert, update, delete, truncate');
publication … does not have … | a watched table is not in it | ALTER PUBLICATION … ADD TABLE …;
… is partitioned, and its changes are published under its partitions' names | publish_via_partition_root is off | ALTER PUBLICATION … SET (publish_via_partition_root = true);
publication … has a row filter on …: rows would be missed | a row filter hides changes | take the table out and add it without a filter
the column list of … in publication … lacks … | a mapped column is not published | take the table out and add it without a list, or with these columns
… of … is a generated column, which is not published | a mapped one is not sent before PostgreSQL 18, and a VIRTUAL one never | map a column of its own, or the SQL that check prints
… of … is a VIRTUAL generated column: published with REPLICA IDENTITY FULL, the table refuses the application's UPDATE and DELETE | PostgreSQL 18 can publish no VIRTUAL column, and FULL needs every one | make it STORED with the SQL that check prints (it writes the table anew), or drop it
… of … is a generated column, and publication … leaves it out: the application's UPDATE and DELETE fail | PostgreSQL 18: FULL needs every STORED column published | ALTER PUBLICATION … SET (publish_generated_columns = stored);
there is no table … | models.*.table names a table that is not there | correct it
… is no table but a …: the WAL has its tables' changes, not its own | a view is followed | name the table itself
… has no column … | a mapped column is not there | map the names in models.*.columns
… has its own column …, and models.….columns gives that name to another | one canonical name for two columns | map the other too, or exclude it
… does not have REPLICA IDENTITY FULL, so old values never arrive | a changed start time cannot be told from any other edit | ALTER TABLE … REPLICA IDENTITY FULL;
partitions of … do not have REPLICA IDENTITY FULL, so old values never arrive: … | a partition's identity is its own, not its root's | ALTER TABLE of each, as check prints
… has no replica identity: publishing it makes the application's UPDATE and DELETE fail | no primary key, or identity NOTHING | ALTER TABLE … REPLICA IDENTITY FULL;
partitions of … have no replica identity: publishing makes the application's UPDATE and DELETE fail | as above, of partitions | ALTER TABLE of each, as check prints
role … may not use schema … | no USAGE | GRANT USAGE ON SCHEMA … TO …;
role … may not read … of … | no SELECT on mapped columns | GRANT SELECT (…) ON … TO …;
… has CONNECTION LIMIT …: the daemon needs … connections, and … with its commands beside it | ALTER ROLE or ALTER DATABASE … CONNECTION LIMIT; below 3 it never streams, below 6 it is a warning | raise it as the row says
row security on … would hide rows from role … | a policy applies to the role | ALTER ROLE … BYPASSRLS;
slot … was not made | the server made no slot and gave no reason | run notifyd check
choose another name in database.slot: the daemon needs a logical pgoutput slot of … | another program's slot has that name | choose another name
… no longer has the column … in what committed at …… | a row of the WAL lacks a mapped column, which was dropped or renamed, if only for a moment, and the catalogs do not prove which column it is now (another was dropped or made beside it) | map it anew, with the name that it had there, which the line names, in former_columns, and start again: nothing is lost
… has a column …, and models.….columns gives that name to another column | a new column bears a canonical name | map it too, or exclude it
with … of … a change has more than … million characters | one row's values do not fit into a text | exclude that column
this role may not … | setup needs the owner of the tables | setup --print-sql, or --database-url
… has no primary key and no replica identity: published, it would refuse the application's UPDATE and DELETE | setup will not break the application | ALTER TABLE … REPLICA IDENTITY FULL;
… is no table, and only tables can be published | a view or a foreign table is followed | name the table itself
… is UNLOGGED: its changes are not in the WAL | an unlogged table cannot be followed | ALTER TABLE … SET LOGGED;
… has a column list in publication …, which does not cover its replica identity (none covers FULL): the application's UPDATE and DELETE fail | a column list lacks columns of the identity; under FULL no list is allowed | take the table out of that publication and add it without a list
… in publication … has no replica identity: the application's UPDATE and DELETE of it fail | a table that is not followed is in the publication, and has no key | take it out, as check prints
a table is in use by a transaction that stays open; … statements were carried out | setup waits 10 s for a table's lock | run it again: it goes on where it was
slot … is in use | setup --undo while the daemon runs | stop the daemon first
# check's warnings | The daemon runs.
name the real standbys: with '*' every COMMIT of the application waits for notifyd | synchronous_standby_names takes any client for a standby | name the standbys
…: a daemon that is stopped for longer loses its slot | idle_replication_slot_timeout is set (PostgreSQL 18) | turn it off, or make sure that the daemon is back sooner
… is a superuser: it may do far more than notifyd needs | database.url has an administrator's role | make the minimal role with notifyd setup --print-sql
…: more than max_wal_size waits | wal_status is extended | start the daemon, and look at its lag
…: the next checkpoint removes WAL that the daemon needs | wal_status is unreserved: the slot is about to be lost | start the daemon at once, or raise max_slot_wal_keep_size
goes on behind an accepted gap: … | gaps accept was said, and no start has passed it yet | notifyd gaps list shows it
…: text that is not UTF-8 is read as Latin-1 | the database has no encoding (SQL_ASCII), or one that nothing here reads (EUC_TW, MULE_INTERNAL) | use a UTF8 database; nothing is lost meanwhile
unset: while the daemon is stopped, the server keeps WAL without limit | max_slot_wal_keep_size is -1: a daemon that stays down fills the disk | set it to what the disk can spare, and alert on retained WAL
publication … does not publish truncate: appointments that one takes away would be told of as if they were there | a note's next state could be told in the name of one that is gone | ALTER PUBLICATION … SET (publish = 'insert, update, delete, truncate');
it is FOR ALL TABLES: every table of the database is decoded and sent, and new ones join unasked | the publication is wider than needed | make one for the watched tables
it leaves generated columns out: one that is added to a table with REPLICA IDENTITY FULL makes the application's UPDATE and DELETE fail | a publication that was made before PostgreSQL 18, or without the option | ALTER PUBLICATION … SET (publish_generated_columns = stored);
rows of …, which inherit from …, are not told: the WAL has them under their own names | a table with INHERITS children | partition it instead, or keep no rows in them
… is …, which is not read as …: times are sent as null | a mapped time or duration has an unusual type | map another column
it is FOR TABLES IN SCHEMA …: …every new table there joins it | the publication follows a schema and not its tables: one that is moved by SET SCHEMA leaves it, and what is written meanwhile is not sent | the SQL that check prints, which names the tables; setup makes none by schema, and changes none that somebody else has made
not FULL: an update arrives without old values | a state that is updated in place is told only where the journal has its last image; else it is a gap of its row | ALTER TABLE … REPLICA IDENTITY FULL;
not FULL: an update arrives without old values: … | the same of partitions; where their root is FULL, check fails and the daemon is not ready | ALTER TABLE of each
…: no room to write, … MB free | less than 32 MB are left on the journal's disk | make room on it
…, … MB free | little room on the journal's disk | give it a larger disk
disabled: what it asks for is owed, and not sent | enabled is false | enable it, or discard what it is owed
no secret: receivers cannot tell that a POST is ours | secrets is empty | give the endpoint one
… does not resolve (…) | its name is not in DNS | correct the URL, or wait
… does not answer (…) | refused, filtered, or slow | is it up?
… answers; TLS stands, its certificate is good until … | the certificate ends within 14 days | have it renewed
there is no slot … | status: the daemon has not made it yet, or somebody dropped it | notifyd run makes the first one; where it had one, this is a gap
http is off, or its port is left to chance | status cannot ask the daemon | give http a port in the config
open to …: it can copy the whole cluster (pg_basebackup), not only what is published | REPLICATION, and the pg_hba.conf that initdb writes | the lines that check and setup --print-sql print, before all others in pg_hba.conf: docs/security.md
slot … is no failover slot: a standby that is promoted does not have it, which is a gap | PostgreSQL 17 and later: it was made before database.failover, or by hand | ALTER_REPLICATION_SLOT as the row says, or database.failover false where no standby is to have it
… is on …, in memory: a restart of the machine loses the journal, which is a gap | the journal is on tmpfs | set journal.url to a file on a local disk
… has no primary key, and no column is mapped to id: canvas_id is null, and all its rows share one lane | a further model's table has nothing that tells its rows apart | give it a primary key, or map id in models.*.columns
no column of … is known to be its patient’s id: patient_key is null | a further model's table has no column patient_id, and no single foreign key to the patients | map patient_id in models.*.columns, where the table has one
… of … have no time zone and are read in UTC, while the server or a role has … | mapped times are of the type timestamp, and somebody's clock is not UTC | set models.*.time_zone to the zone that the application writes them in
# check's failures beside the database | Exit status 3.
the database does not answer (…)… | wrong host or port, or it is down | the row says which
the database refuses us (…)… | password, role, database, TLS, or a privilege | the row says which, and what mends it
making the slot waits for … | open transactions, prepared ones too: each with its pid or name, database and age; a prepared one that is older than a minute fails | let them end; COMMIT PREPARED or ROLLBACK PREPARED what nobody will end
synchronized_standby_slots names …, from which nobody streams: our stream stands still until somebody does | PostgreSQL 17 and later: a failover slot waits for these standbys; while the daemon streams it is not ready and says so | start that standby, or take it out of the setting
… is on …: over a network neither SQLite's locks nor its shared memory hold, and two daemons could own the journal | the journal is on NFS, SMB or the like | set journal.url to a file on a local disk
correct journal.url | the journal is there and cannot be read | the row says why
it cannot be opened (…)… | the server lets the role in, and not its replication connection | the row says which; a pooler does not carry it: connect directly
the publication is not what it was when it was followed: what was written meanwhile may be missing | a watched table left it, or it was made anew: run would halt at a gap | put it right, then notifyd gaps accept
… cannot be written (…) | the journal's folder is not this user's | let the user write there, or set journal.url
… is …, which is not dialled | the name stands for a private address | url_policy.allow_hosts or allow_cidrs
TLS with … fails (…) | its certificate is not trusted, or not for that name | mend it, or name its CA in endpoints[].tls.ca_file
… could not be sent (…) | this machine could not dial, with a code of docs/errors.md | what its remedy says
… failed: … | --send-test was not answered with 2xx | look at the receiver
correct the file, or take it out of protocols in the config | a protocol does not load | correct it
docs/errors.md tells the code; the log has its message | the stream has come up and ended at one place with one code again and again: what is read there fails each time, with that code: a look-up that cannot be made, or a server that breaks | the log has the code's message; mend that, and it goes on by itself
# Gaps | The stream stands still, nothing is acknowledged, and what is owed is paid; with run --halt-on-gap exit status 4. Nothing is guessed: notifyd gaps list shows the range, and only gaps accept ends it.
the slot exists and the journal is new: another journal has followed it, or this one was lost | the journal file was lost or another is named | put the journal back, or accept the gap
this is another database cluster than the one in the journal (system identifier differs) | database.url points elsewhere, or the cluster was made anew | correct the URL, or accept
the server is on timeline …, which left the journal's (…) before the journal's end: a fail-over that lost commits | a standby was promoted that lacked commits which were notified | compare the two by hand, then accept
timeline … of the server began at …, and the journal's at …: one backup was promoted twice | the server is not the one that the journal followed, though its timeline has the same number | compare the two by hand, then accept: everything that the slot still has is told
the server is behind the journal: it was restored to an earlier time | a backup was put back | what was notified since is not in the database any more: compare, then accept
the server …, at …: its data were put back from a copy | a volume's snapshot or a machine's was put back, and the clinic went on writing: what was told since the copy is not in the database | compare the two by hand, then accept: everything that the slot still has is told, and what was told before keeps its id
the slot is missing: somebody dropped it | pg_drop_replication_slot, or a fail-over without it | accept: the next start makes a new one
the slot is lost: the server removed WAL that it still needed | max_slot_wal_keep_size was reached while the daemon was down | drop the slot, accept, and raise the limit
rows of a followed table may have changed unseen: it, or a partition of it, was detached or UNLOGGED for a while, or was attached with rows in it (SELECT …;) | what is written in a table while it is not published, or not logged, is not in the stream; a table that is attached brings rows which nobody told | find out which (the SELECT names it), then accept
publication "…" is not what it was when it was last looked at: what was written meanwhile may be missing | a watched table left it, or it was made anew | put it right with check, then accept
… is another table than was followed under this name: whether its rows are to be told, a person has to say | a table was dropped and made again, or exchanged for another, under a followed name; the publication has both | accept: its rows are told from the gap on, and those of the former one under this name
the slot is ahead of the journal: another consumer has moved it, or it was made anew | somebody else acknowledged on the slot | find who, then accept
# While it streams | Logged; the daemon goes on or tries again with backoff, and nothing is lost.
the server closed the replication connection | it stopped, restarted, or ended the walsender | it connects again by itself
none of the hosts in database.url is the primary now: … | a fail-over is on its way, or hosts are missing | it tries again; look at the servers where it stays
the server ended the stream | the same | the same
the server has been silent for twice its wal_sender_timeout | the network is frozen | it connects again by itself; look at the network
the server did not answer START_REPLICATION | the server is overloaded or frozen | it tries again
IDENTIFY_SYSTEM gave no row | what answers is no walsender | is there a pooler in database.url? Connect directly
the server sent an unknown replication message | the connection is broken, or no PostgreSQL answers | it connects again; report it where it stays
the server sent … | bytes that are no pgoutput | the same
a message could not be read | the same | the same
the server sent BEGIN inside a transaction | the same | the same
the server sent a row or COMMIT outside a transaction | the same | the same
what the daemon reads has another name now, or is gone: it waits, and goes on by itself when it is back; trying again | a table, schema or column that a running daemon streamed with was renamed, moved or dropped; \`reason\` names it. Not ready, and what is owed is paid | give it its name back; where it keeps the new one: \`models.*\` in the config, and start again. A first start ends with status 3 instead
a followed table is called otherwise: its rows are told all the same | it was renamed, or moved to another schema | nothing, where it gets its name back; where it keeps the new one: models.*.table
a gap: the stream stands still until \`notifyd gaps accept\`; what is owed is paid all the same | the line says which, and from where to where | see NotifydGap in docs/operations.md
the gap that was accepted has grown since: what was written up to now is part of it | WAL was written, or what made the gap happened again, between gaps accept and the start that goes on behind it | notifyd gaps list shows where it ends; tell the receivers of all of it
the server was promoted; nothing is missing | a fail-over that took all WAL with it | nothing
going on behind an accepted gap | an operator accepted it | nothing
not ready: \`notifyd check\` fails | while it streams, a precondition went missing: a partition was made without FULL, a generated column added … Its \`found\` says which, its \`remedy\` is the SQL | run that SQL before the rows are written
making the slot waits for these transactions, prepared ones too; trying again | at the first start, transactions stay open: \`holders\` has each one's pid or name, database and age | end them, or wait
the journal cannot be written: nothing more is acknowledged, and the database keeps the WAL; trying again | its disk is full, or fails: its \`reason\` says which | what its \`remedy\` says; NotifydJournalDiskFull in docs/operations.md
the disk of the journal … is full | the \`reason\` of that line | make room on it; NotifydJournalDiskFull in docs/operations.md
the journal … cannot be written | the same: its disk fails, or is mounted read-only | look at the disk
the stream was given up | the daemon stops | nothing
the daemon stops | a compute was open when it was told to stop | nothing
a row was updated without its old row, and no image of it is known: a gap of this row, see \`notifyd gaps list\` | a partition was made without FULL identity, or somebody took it away for a while, and the journal never saw this appointment, or this note state among its newest 20,000 changes | run check, and the SQL it prints; tell the receivers by hand, then notifyd gaps accept row-… or --rows
a row came without its old row, and was told from its last image: run \`notifyd check\`, it prints the SQL | as above, of a row that the journal knows: nothing is lost | run check, and the SQL it prints
rows name what this column cannot hold: taken as of no such row | an id of another kind than the column's: a text for a number, or a number too large | nothing, where it is a slip of the application; where it is every row, correct models.*.columns
others could read or alter what comes from the database: set database.tls, { "ca_file": … } | the host is not this machine, and the connection is not encrypted or not verified (its reason says which) | set database.tls, or sslmode=verify-full in database.url
these keys changed too, and take effect at the next start of the daemon | at SIGHUP, keys changed that are read at the start only | restart when it suits
the config could not be read again: the one before stays in force; correct it and send SIGHUP again | at SIGHUP, the config or a file that it names was wrong: problems says how | correct it, and send SIGHUP again
status server cannot listen; trying again | another process has the port (a stand-by, say) | set http.port, or wait
the status server could not answer | a scrape found the journal unreadable | look at the lines before it
# Delivery | Logged; what fails is owed and tried again for more than three days.
notification failed | the attempt's \`error\` says how: a status, a code, timeout | look at the receiver; retry_at says when it is tried again
notification dead | its retries are used up, or the receiver said 410 | notifyd dead-letters list, then retry or discard
endpoint failing: one request at a time until one succeeds | several attempts failed in a row | look at the receiver; it recovers by itself
replay failed | a replayed POST failed | it is tried three times, and reported at the end
the journal could not take an outcome; trying again | the journal's disk is full or failing | make room: the POST is not repeated before its outcome is written
nothing could be sent: this machine has run out of something; trying again | no descriptor or no memory is left to connect with: no endpoint's fault, and no attempt | what its remedy says: LimitNOFILE, say
the journal could not take that an endpoint answers again | the journal's disk is full or failing | make room: this daemon knows it all the same
the journal could not take that the clock was set; trying again | the same | make room
the journal could not be pruned; trying again in an hour | the same | make room
the -wal could not be emptied of what was pruned; trying again in an hour | the same | make room
another process reads the journal without end: what was pruned is still in its -wal; end that process | a program holds a read transaction open for longer than a minute | find it (\`fuser journal.db\`), end it
the journal could not be looked through; it is tried after the next start | no memory for a second process, a failing disk | \`code\` says which
a request could not be carried out; trying again | the same, of a command's request | make room
a replay could not be recorded; trying again | the same, of a replay | make room
# The journal | Exit status 1; nothing was acknowledged past it.
the journal … cannot be opened (…): is journal.url a path on a sound disk? | the code says which: a failing disk, too many open files | look at the disk, correct journal.url
this user may not open the journal … (…): use the user that runs notifyd, or correct journal.url | the journal is there, and is another user's (mode 0600) | sudo notifyd … where deploy/install.sh made the service, else as the user that runs notifyd
the disk of the journal … is full (…): make room and start again | no room is left | make room, or move the journal (docs/operations.md)
another process holds the journal …: end it, or try again | a program that is not notifyd has locked the file | find it (fuser), end it
the journal is damaged (…): stop notifyd, keep the file, and see "A damaged journal" in docs/operations.md | the disk, or another program, has changed the file | docs/operations.md says what can be saved, and what a copy is worth
… was … while notifyd ran, so it ends, and acknowledges nothing more: … | somebody removed, moved or restored the journal, its -wal, its -shm or its lock under the daemon | what the message says; docs/operations.md, "Losing it"
… was overwritten or cut short while notifyd ran, so it ends, and acknowledges nothing more: …, … | somebody copied a file over the journal or its -wal, or cut it, under the daemon | what the message says; docs/operations.md, "Losing it"
… is a copy that \`notifyd backup\` made, and … is left of the file that was there before, so nothing was opened: move … and …-shm away, and start again | a backup was copied to the journal's place, and the old -wal left there: it would be written into the copy | what the message says
…, and … is left of the file that was there before, so nothing was opened: put back that file; where it is lost, …, and start again | the journal was moved, deleted or cut to nothing, and its -wal holds what was written last | what the message says; docs/operations.md, "Losing it"
the journal’s files cannot be looked at any more (…), so notifyd ends: see to the disk or the folder, and start it again | the folder's rights were changed, or its disk is gone | the code says which
the file … is there: a backup overwrites nothing, so name another, or remove it | \`notifyd backup\` was given the file of before | name another
another \`notifyd backup\` writes … now: wait for its end, or name another file | two were started with one file | what it says
the backup … could not be written (…): nothing of it is left | no such folder, no right to write there, or no room | the code says which
… is not a journal of notifyd: is journal.url the right file? | another program's file | correct journal.url
the journal … is of a newer notifyd (it has …): use that version, or put back the copy from before its upgrade | a newer notifyd has brought it to its schema | the newer notifyd
the journal … is of an older notifyd (it has no …): restart \`notifyd run\` in this version, which brings it up to date, or use the commands of the older one | the daemon that runs, or ran last, is older than this command; commands never change a journal's schema | restart the daemon in this version
the journal's schema could not be brought up to date: … | a migration failed, and was taken back | report it
there is no journal …: \`notifyd run\` makes it, or journal.url names another file | the daemon has not run here | start it, or correct journal.url
a daemon owns the journal and did not answer within 15 s: look at its log; nothing was changed | it is busy, or its journal cannot be written | look at its log, ask again
the replay is not in the journal any more | it ended and was pruned meanwhile | nothing
`

const cells = (line: string): readonly [string, string, string] => {
  const [first = '', second = '', third = ''] = line.split(' | ')
  return [first, second, third]
}

export const errorTable: readonly ErrorSection[] = text
  .split('\n# ')
  .slice(1)
  .map((section) => {
    const [head = '', ...lines] = section.trim().split('\n')
    const [title, then] = cells(head)
    const entries = lines.map((line) => {
      const [message, cause, todo] = cells(line)
      return { message, cause, todo }
    })
    return { title, then, entries }
  })
