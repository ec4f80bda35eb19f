eventually is app active_state failed
same result "$(field app result)" timeout
