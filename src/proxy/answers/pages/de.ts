// German words of vigia's own pages; people are addressed as Sie.

import type { Words } from './words.ts'

export const DE: Words = {
  request: 'Anfrage',
  malformed: 'Die Anfrage ist fehlerhaft aufgebaut.',
  titles: {
    400: 'Ungültige Anfrage',
    403: 'Zugriff verweigert',
    404: 'Nicht gefunden',
    408: 'Zeitüberschreitung der Anfrage',
    413: 'Inhalt zu groß',
    414: 'Adresse zu lang',
    417: 'Erwartung nicht erfüllbar',
    429: 'Zu viele Anfragen',
    431: 'Kopfzeilen der Anfrage zu groß',
    500: 'Interner Fehler',
    501: 'Nicht implementiert',
    502: 'Fehlerhaftes Gateway',
    503: 'Dienst nicht verfügbar',
    504: 'Zeitüberschreitung am Gateway',
    505: 'HTTP-Version nicht unterstützt',
  },
  messages: {
    'no-route': 'Für diese Adresse ist keine Route eingerichtet.',
    'no-upstream-available': 'Zurzeit ist kein Server für diese Anwendung verfügbar.',
    'queue-full': 'Die Anwendung ist ausgelastet, und es warten bereits zu viele Anfragen.',
    'queue-timeout': 'Die Anwendung ist ausgelastet: Es wurde nicht rechtzeitig ein Server frei.',
    overloaded: 'Die Anwendung ist ausgelastet. Bitte versuchen Sie es gleich noch einmal.',
    'out-of-resources':
      'Dem Load Balancer fehlen gerade freie Verbindungen. Bitte versuchen Sie es gleich noch einmal.',
    'rate-limited': 'Von dieser Adresse kommen zu viele Anfragen. Bitte warten Sie einen Moment.',
    forbidden: 'Diese Adresse darf von hier aus nicht aufgerufen werden.',
    'connect-failed': 'Der Anwendungsserver war nicht erreichbar.',
    'connect-timeout': 'Der Anwendungsserver war nicht rechtzeitig erreichbar.',
    'upstream-reset': 'Der Anwendungsserver hat die Verbindung beendet, bevor er geantwortet hat.',
    'upstream-timeout': 'Der Anwendungsserver hat nicht rechtzeitig geantwortet.',
    'bad-upstream-response': 'Die Antwort des Anwendungsservers ist kein gültiges HTTP.',
    'in-doubt':
      'Es ist nicht sicher, ob der Anwendungsserver diese Anfrage ausgeführt hat. Bitte prüfen Sie das, bevor Sie sie erneut senden.',
    'internal-error': 'Im Lastverteiler ist ein Fehler aufgetreten.',
    stopping:
      'Der Dienst wird neu gestartet. Diese Anfrage wurde nicht rechtzeitig beantwortet; Sie können sie noch einmal senden.',
    maintenance: 'Die Anwendung ist wegen einer geplanten Wartung zurzeit nicht verfügbar.',
    'bad-target': 'Die angefragte Adresse ist fehlerhaft aufgebaut.',
    'body-too-large': 'Der gesendete Inhalt ist größer als erlaubt.',
    'body-timeout': 'Der Inhalt der Anfrage ist nicht rechtzeitig angekommen.',
    'head-too-large': 'Die Kopfzeilen der Anfrage sind größer als erlaubt.',
    'head-timeout': 'Die Kopfzeilen der Anfrage sind nicht rechtzeitig angekommen.',
    'target-too-long': 'Die angefragte Adresse ist länger als erlaubt.',
    'too-many-fields': 'Die Anfrage hat mehr Kopfzeilen als erlaubt.',
  },
  maintenance: {
    title: 'Geplante Wartung',
    reason: 'Grund',
    until: 'Voraussichtlich wieder verfügbar',
    untilUnknown: 'Der Zeitpunkt ist noch nicht bekannt.',
    nothingLost: 'Es geht nichts verloren: Alles, was gespeichert wurde, ist sicher.',
    notCarriedOut: 'Diese Anfrage wurde nicht ausgeführt. Bitte senden Sie sie nach der Wartung erneut.',
    again: 'Sie können diese Seite geöffnet lassen: Der Versuch wird von selbst wiederholt.',
  },
}
