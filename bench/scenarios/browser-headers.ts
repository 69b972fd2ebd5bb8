// The 13 header fields that a desktop Chrome sends with a same-origin fetch of an ERP's web client, session cookie included.

export const browserHeaders: readonly (readonly [string, string])[] = [
  ['Host', 'erp.example.com'],
  ['Connection', 'keep-alive'],
  ['sec-ch-ua-platform', '"Windows"'],
  [
    'User-Agent',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  ],
  ['Accept', 'application/json, text/plain, */*'],
  ['sec-ch-ua', '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"'],
  ['sec-ch-ua-mobile', '?0'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Sec-Fetch-Mode', 'cors'],
  ['Sec-Fetch-Dest', 'empty'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7'],
  ['Cookie', 'session_id=8f1f2c0a6f2f4a3e9d5b7c1e0a9b8c7d6e5f4a3b; lang=pt_BR; tz=America/Sao_Paulo'],
]
