// Italian words of vigia's own pages; people are addressed formally, or not at all.

import type { Words } from './words.ts'

export const IT: Words = {
  request: 'Richiesta',
  malformed: 'La richiesta non è ben formata.',
  titles: {
    400: 'Richiesta non valida',
    403: 'Accesso negato',
    404: 'Non trovato',
    408: 'Tempo della richiesta scaduto',
    413: 'Contenuto troppo grande',
    414: 'Indirizzo troppo lungo',
    417: 'Aspettativa non soddisfatta',
    429: 'Troppe richieste',
    431: 'Intestazioni della richiesta troppo grandi',
    500: 'Errore interno',
    501: 'Non implementato',
    502: 'Gateway non valido',
    503: 'Servizio non disponibile',
    504: 'Tempo del gateway scaduto',
    505: 'Versione di HTTP non supportata',
    508: 'Ciclo infinito rilevato',
  },
  messages: {
    'no-route': 'Per questo indirizzo non è configurato alcun percorso.',
    'no-upstream-available': 'Nessun server di questa applicazione è disponibile al momento.',
    'queue-full': 'L’applicazione è occupata e ci sono già troppe richieste in attesa.',
    'queue-timeout': 'L’applicazione è occupata: nessun server si è liberato in tempo.',
    overloaded: 'L’applicazione è occupata. La preghiamo di riprovare tra poco.',
    'out-of-resources':
      'Il bilanciatore di carico non ha connessioni libere in questo momento. La preghiamo di riprovare tra poco.',
    'rate-limited': 'Troppe richieste da questo indirizzo. La preghiamo di attendere un momento.',
    forbidden: 'Da qui non è consentito accedere a questo indirizzo.',
    'loop-detected': 'Questo indirizzo riporta al bilanciatore di carico stesso. La sua configurazione va corretta.',
    'connect-failed': 'Non è stato possibile raggiungere il server dell’applicazione.',
    'connect-timeout': 'Non è stato possibile raggiungere in tempo il server dell’applicazione.',
    'upstream-reset': 'Il server dell’applicazione ha chiuso la connessione prima di rispondere.',
    'upstream-timeout': 'Il server dell’applicazione non ha risposto in tempo.',
    'bad-upstream-response': 'Il server dell’applicazione ha dato una risposta che non è HTTP valido.',
    'in-doubt':
      'Il server dell’applicazione potrebbe aver eseguito questa richiesta oppure no. La preghiamo di verificare prima di inviarla di nuovo.',
    'internal-error': 'Si è verificato un errore all’interno del bilanciatore di carico.',
    stopping:
      'Il servizio è in fase di riavvio. Questa richiesta non ha avuto risposta in tempo; può inviarla di nuovo.',
    maintenance: 'L’applicazione non è disponibile al momento a causa di una manutenzione programmata.',
    'bad-target': 'L’indirizzo richiesto non è ben formato.',
    'body-too-large': 'Il contenuto inviato è più grande di quanto consentito.',
    'body-timeout': 'Il contenuto della richiesta non è arrivato in tempo.',
    'head-too-large': 'Le intestazioni della richiesta sono più grandi di quanto consentito.',
    'head-timeout': 'Le intestazioni della richiesta non sono arrivate in tempo.',
    'target-too-long': 'L’indirizzo richiesto è più lungo di quanto consentito.',
    'too-many-fields': 'La richiesta ha più intestazioni di quante ne siano consentite.',
  },
  maintenance: {
    title: 'Manutenzione programmata',
    reason: 'Motivo',
    until: 'Di nuovo disponibile, secondo le previsioni',
    untilUnknown: 'L’orario non è ancora noto.',
    nothingLost: 'Nulla va perso: tutto ciò che è stato salvato è al sicuro.',
    notCarriedOut:
      'Questa richiesta non è stata eseguita. La preghiamo di inviarla di nuovo al termine della manutenzione.',
    again: 'Può lasciare aperta questa pagina: riproverà da sola.',
  },
}
