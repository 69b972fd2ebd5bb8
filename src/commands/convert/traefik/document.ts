export const convertTraefik = (..._: any[]): any => []
