// Times for people at a terminal: all of a screen in the zone of the machine that prints it, whatever zones they came in.

const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g
/** As vigia writes the local time of a window: `2026-12-06 02:00 (America/Sao_Paulo)`. */
const ZONED = /(\d{4}-\d\d-\d\d) (\d\d:\d\d) \(([A-Za-z][A-Za-z0-9_+/-]*)\)/g

/** IANA name of the zone of this machine. */
export function hereZone(): string {
  return Temporal.Now.timeZoneId()
}

/** `2026-12-06 02:00:12` */
export function localTime(at: string | number, zone: string): string {
  return local(typeof at === 'number' ? at : Date.parse(at), zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'second' })
    .replace('T', ' ')
}

/** `2026-12-06 02:00:12 -03:00` */
export function localTimeWithOffset(at: string | number, zone: string): string {
  const epochMs = typeof at === 'number' ? at : Date.parse(at)
  return `${localTime(epochMs, zone)} ${local(epochMs, zone).offset}`
}

/** `America/Sao_Paulo, UTC-03:00` */
export function zoneWords(nowMs: number, zone: string): string {
  const { offset } = local(nowMs, zone)
  return zone === 'UTC' ? zone : `${zone}, UTC${offset}`
}

/** The same text with every time in it in this zone, which is not named again. */
export function withLocalTimes(text: string, zone: string): string {
  return text
    .replace(INSTANT, instant => (Number.isNaN(Date.parse(instant)) ? instant : localTime(instant, zone)))
    .replace(ZONED, (whole, date: string, time: string, from: string) => {
      try {
        return localTime(Temporal.ZonedDateTime.from(`${date}T${time}[${from}]`).epochMilliseconds, zone).slice(0, 16)
      } catch {
        return whole
      }
    })
}

function local(epochMs: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone)
}
