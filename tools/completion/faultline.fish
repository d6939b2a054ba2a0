# fish completion for faultline. What can be completed is faultline's own business: it prints a candidate a line.
function __faultline_complete
	set -l words (commandline -opc) (commandline -ct)
	command $words[1] complete $words[2..-1] 2>/dev/null
end
complete -c faultline -f -a '(__faultline_complete)'
