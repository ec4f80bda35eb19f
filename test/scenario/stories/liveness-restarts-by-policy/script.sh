eventually is app health healthy
rm alive
eventually is app restarts 1
eventually is app health healthy
same starts "$(wc -l < starts)" 2
