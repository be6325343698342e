export const code = 'x'
