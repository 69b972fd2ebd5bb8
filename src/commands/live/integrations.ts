// vigia integrations: lists them, pauses one and resumes it.

import type { IntegrationReport, IntegrationsReport } from '../../admin/contract/held.ts'
import { ASKED } from '../words/exit-codes.ts'
import { integrationLines, integrationsLines } from '../words/held-lines.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, postChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface IntegrationsOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

export interface PauseOptions extends IntegrationsOptions {
  readonly reason?: string
  readonly until?: string
  /** Also in a change freeze. */
  readonly override?: boolean
  readonly by?: string
  readonly unrecorded?: boolean
}

/** Resolves with the exit code. */
export async function integrationsList({ admin, json }: IntegrationsOptions): Promise<number> {
  try {
    const report = (await fetchJson(admin, '/integrations')) as IntegrationsReport
    if (json) console.log(JSON.stringify(report, null, 2))
    else for (const line of integrationsLines(report, Date.now())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed('integrations list', error)
  }
}

/** Resolves with the exit code; where it is 0, it is so. */
export async function integrationsChange(
  verb: 'pause' | 'resume',
  route: string,
  options: PauseOptions,
): Promise<number> {
  const { admin, json, reason, until, override, by = userName(), unrecorded } = options
  const body = {
    ...{ reason, until, by },
    ...(override && { override }),
    ...(unrecorded && { unrecorded }),
  }
  try {
    const answer = await postChange(admin, `/integrations/${encodeURIComponent(route)}/${verb}`, body)
    if (json) console.log(JSON.stringify(answer, null, 2))
    else for (const line of integrationLines(answer as IntegrationReport, Date.now())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed(`integrations ${verb} ${route}`, error)
  }
}
