// The hot path: a browser's GET with 13 headers, answered with 150 bytes of JSON. Further scenarios vary one thing of it.
import { browserHeaders } from './browser-headers.ts'
import { ordinary, type Scenario } from './scenario.ts'

const fields = JSON.stringify({
  id: 48213,
  name: 'SO48213',
  partner: 'Comercial Andrade Ltda',
  state: 'sale',
  total: 1874.5,
})

export const smallGet: Scenario = {
  ...ordinary,
  name: 'small-get',
  title: 'GET, 13 browser headers, 150-byte JSON answer, 64 keep-alive connections',
  weight: 'core',
  request: { method: 'GET', path: '/api/orders/48213', headers: browserHeaders, body: undefined },
  answer: {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(`${fields.slice(0, -1)},"note":"${'x'.repeat(150 - fields.length - 10)}"}`),
  },
}
