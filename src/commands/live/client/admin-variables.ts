// Variables of the environment that say how commands talk to a running vigia.

export const TOKEN_VARIABLE = 'VIGIA_TOKEN'

/** Holds the path of a file with the token; `--token-file` sets it. Goes before the token itself. */
export const TOKEN_FILE_VARIABLE = 'VIGIA_TOKEN_FILE'

/** Holds the path of a PEM file of authorities that are trusted beside the usual ones; `--ca-file` sets it. */
export const CA_FILE_VARIABLE = 'VIGIA_CA_FILE'
