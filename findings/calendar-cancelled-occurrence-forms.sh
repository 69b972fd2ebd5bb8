#!/usr/bin/env bash
# How a calendar feed says that one occurrence of a recurring event does not take place.
#
# Guess:  EXDATE names an instant: the same instant as UTC, in another zone or in DTSTART's zone excludes the occurrence alike, and VALUE=DATE the whole
#         day; an override with STATUS:CANCELLED takes the occurrence out as well (so Outlook and Google send cancellations).
# Really: only EXDATE in DTSTART's own zone is understood by all. As UTC or in another zone: npm rrule ignores it in silence. As a date: ical.js and node-ical
#         exclude the day, ical-expander (built on ical.js), npm rrule and recurring_ical_events ignore it, dateutil raises TypeError. The cancelled override: all six
#         still list the occurrence (whoever asks has to look at the override's STATUS; rrule and dateutil can't know it).
# Matters: a feed that cancels a maintenance night with STATUS:CANCELLED, or with EXDATE in UTC, still shows it to some readers: write EXDATE with the TZID of DTSTART.
# Versions: npm ical.js 2.2.1, ical-expander 3.2.0, node-ical 0.27.2, rrule 2.8.1, node 26.10.0; Debian 12 python3-dateutil 2.8.2, python3-icalendar 4.0.3,
#           python3-recurring-ical-events 2.0.1
set -euo pipefail
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

echo '{ "private": true, "type": "module", "allowScripts": { "node": true } }' >package.json
npm install --silent node@26.10.0 ical.js@2.2.1 ical-expander@3.2.0 node-ical@0.27.2 rrule@2.8.1 >npm.log 2>&1
apt-get download python3-dateutil=2.8.2-2 python3-icalendar=4.0.3-5 python3-recurring-ical-events=2.0.1-1 python3-x-wr-timezone=0.0.5-2 \
  python3-tz python3-six >/dev/null 2>&1
for file in ./*.deb; do dpkg-deb -x "$file" root; done

calendar() { # calendar FILE EXTRA-LINES-OF-THE-EVENT EXTRA-EVENT
  printf '%s\n' BEGIN:VCALENDAR VERSION:2.0 PRODID:-//feed//EN BEGIN:VTIMEZONE TZID:America/Sao_Paulo BEGIN:STANDARD DTSTART:19700101T000000 \
    TZOFFSETFROM:-0300 TZOFFSETTO:-0300 TZNAME:-03 END:STANDARD END:VTIMEZONE \
    BEGIN:VEVENT UID:night DTSTAMP:20261101T000000Z SUMMARY:patching 'DTSTART;TZID=America/Sao_Paulo:20261206T020000' DURATION:PT4H \
    'RRULE:FREQ=MONTHLY;BYDAY=1SU;COUNT=4' ${2:+"$2"} END:VEVENT ${3:+"$3"} END:VCALENDAR | sed 's/$/\r/' >"$1.ics"
}
calendar none ''
calendar same-zone 'EXDATE;TZID=America/Sao_Paulo:20270103T020000'
calendar utc 'EXDATE:20270103T050000Z'
calendar other-zone 'EXDATE;TZID=Europe/Lisbon:20270103T050000'
calendar date 'EXDATE;VALUE=DATE:20270103'
calendar cancelled '' "$(printf '%s\n' BEGIN:VEVENT UID:night DTSTAMP:20261101T000000Z SUMMARY:patching STATUS:CANCELLED \
  'RECURRENCE-ID;TZID=America/Sao_Paulo:20270103T020000' 'DTSTART;TZID=America/Sao_Paulo:20270103T020000' DURATION:PT4H END:VEVENT)"

cat >read.mjs <<'JS'
import { readFileSync } from 'node:fs'
import ICAL from 'ical.js'
import IcalExpander from 'ical-expander'
import nodeIcal from 'node-ical'
import rrule from 'rrule'
const [from, to] = [new Date('2026-12-01'), new Date('2027-04-30')]
const told = dates => (dates.some(date => date.toISOString().startsWith('2027-01-03')) ? 'takes place' : 'left out') + `, ${dates.length} in all`
const readers = {
  'ical.js'(text) {
    const calendar = new ICAL.Component(ICAL.parse(text))
    for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone)
    const [first, ...exceptions] = calendar.getAllSubcomponents('vevent')
    const event = new ICAL.Event(first, { exceptions })
    const all = []
    for (const iterator = event.iterator(); ; ) {
      const next = iterator.next()
      if (!next) return all
      all.push(event.getOccurrenceDetails(next).startDate.toJSDate())
    }
  },
  'ical-expander'(text) {
    const { events, occurrences } = new IcalExpander({ ics: text }).between(from, to)
    return [...events, ...occurrences].map(each => each.startDate.toJSDate())
  },
  'node-ical'(text) {
    const event = Object.values(nodeIcal.sync.parseICS(text)).find(each => each.type === 'VEVENT')
    return nodeIcal.expandRecurringEvent(event, { from, to }).map(each => each.start)
  },
  rrule(text) {
    const lines = text.split('BEGIN:VEVENT')[1].split('\r\n').filter(line => /^(DTSTART|RRULE|EXDATE)/.test(line))
    return rrule.rrulestr(lines.join('\n'), { forceset: true }).all()
  },
}
for (const form of process.argv.slice(2))
  for (const [name, read] of Object.entries(readers)) console.log(`${form}: ${name}: ${told(read(readFileSync(`${form}.ics`, 'utf8')))}`)
JS
cat >read.py <<'PY'
import sys
sys.path.insert(0, 'root/usr/lib/python3/dist-packages')
import icalendar, recurring_ical_events
from dateutil.rrule import rrulestr
def told(dates):
    return ('takes place' if any(str(d).startswith('2027-01-03') for d in dates) else 'left out') + f', {len(dates)} in all'
for form in sys.argv[1:]:
    text = open(f'{form}.ics', newline='').read()
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between((2026, 12, 1), (2027, 4, 30))
    said = ' '.join(str(e['STATUS']) for e in events if 'STATUS' in e)
    print(f"{form}: recurring_ical_events: {told([e['DTSTART'].dt for e in events])}{' ' + said if said else ''}")
    lines = [l for l in text.split('BEGIN:VEVENT')[1].split('\r\n') if l.startswith(('DTSTART', 'RRULE', 'EXDATE'))]
    try: print(f'{form}: dateutil: {told(list(rrulestr(chr(10).join(lines), forceset=True)))}')
    except TypeError as error: print(f'{form}: dateutil: TypeError: {error}')
PY
FORMS="none same-zone utc other-zone date cancelled"
# shellcheck disable=SC2086
{ node_modules/.bin/node read.mjs $FORMS; python3 read.py $FORMS; } | tee seen.txt
cat >expected.txt <<'OUT'
none: ical.js: takes place, 4 in all
none: ical-expander: takes place, 4 in all
none: node-ical: takes place, 4 in all
none: rrule: takes place, 4 in all
same-zone: ical.js: left out, 3 in all
same-zone: ical-expander: left out, 3 in all
same-zone: node-ical: left out, 3 in all
same-zone: rrule: left out, 3 in all
utc: ical.js: left out, 3 in all
utc: ical-expander: left out, 3 in all
utc: node-ical: left out, 3 in all
utc: rrule: takes place, 4 in all
other-zone: ical.js: left out, 3 in all
other-zone: ical-expander: left out, 3 in all
other-zone: node-ical: left out, 3 in all
other-zone: rrule: takes place, 4 in all
date: ical.js: left out, 3 in all
date: ical-expander: takes place, 4 in all
date: node-ical: left out, 3 in all
date: rrule: takes place, 4 in all
cancelled: ical.js: takes place, 4 in all
cancelled: ical-expander: takes place, 4 in all
cancelled: node-ical: takes place, 4 in all
cancelled: rrule: takes place, 4 in all
none: recurring_ical_events: takes place, 4 in all
none: dateutil: takes place, 4 in all
same-zone: recurring_ical_events: left out, 3 in all
same-zone: dateutil: left out, 3 in all
utc: recurring_ical_events: left out, 3 in all
utc: dateutil: left out, 3 in all
other-zone: recurring_ical_events: left out, 3 in all
other-zone: dateutil: left out, 3 in all
date: recurring_ical_events: takes place, 4 in all
date: dateutil: TypeError: can't compare offset-naive and offset-aware datetimes
cancelled: recurring_ical_events: takes place, 4 in all CANCELLED
cancelled: dateutil: takes place, 4 in all
OUT
diff expected.txt seen.txt && echo 'as it was found'
