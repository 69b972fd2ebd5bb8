// The languages of vigia's own pages, one file for each: those of the people who use an ERP.

import type { Language } from '../../../plan/pages.ts'
import { DE } from './de.ts'
import { EN } from './en.ts'
import { ES } from './es.ts'
import { IT } from './it.ts'
import { PT } from './pt.ts'
import type { Words } from './words.ts'

export const WORDS: Readonly<Record<Language, Words>> = { en: EN, pt: PT, es: ES, it: IT, de: DE }

export const LANGUAGES = Object.keys(WORDS) as readonly Language[]
