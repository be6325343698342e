export const nobodyImportsThisFile = 1
