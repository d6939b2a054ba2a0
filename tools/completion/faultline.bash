# bash completion for faultline. What can be completed is faultline's own business: it prints a candidate a line.
_faultline() {
	local IFS=$' \t\n' cur=${COMP_WORDS[COMP_CWORD]} full line strip word
	local -a words
	if [[ -n ${COMP_LINE-} ]]; then
		# bash breaks words at = and : as well, faultline does not.
		line=${COMP_LINE:0:COMP_POINT}
		read -ra words <<<"$line"
		[[ $line != *[[:space:]] ]] || words+=("")
	else
		words=("${COMP_WORDS[@]:0:COMP_CWORD+1}")
	fi
	full=${words[${#words[@]} - 1]}
	[[ $cur != [=:] ]] || cur=
	strip=${full%"$cur"}
	COMPREPLY=()
	while IFS=$'\t' read -r word _; do
		COMPREPLY+=("${word#"$strip"}")
	done < <("${words[0]/#\~/$HOME}" complete "${words[@]:1}" 2>/dev/null)
	# A folder, an option with a value or a way to name targets goes on behind it.
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o default -F _faultline faultline
