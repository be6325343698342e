import { Observable } from 'rxjs'

export const stream = Observable
