export const readTraefik = (..._: any[]): any => []
