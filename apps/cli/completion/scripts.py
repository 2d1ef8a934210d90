"""What a shell is told, so that TAB asks `attune`: the command as it was typed, be it a name, a path or an alias."""

BASH = r"""
_attune() {
    local line=${COMP_LINE:0:COMP_POINT} word before value
    [[ $1 =~ ^[A-Za-z0-9_.,/~+-]+$ ]] || return
    word=${line##*[[:space:]]}
    COMPREPLY=()
    if [[ $word == *=@* ]]; then # what stands behind is a file
        compopt -o filenames 2>/dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "${word##*=@}")
        return
    fi
    before=${word%"${word##*[=:]}"} # bash takes = and : for the end of a word
    while IFS=$'\t' read -r value _; do
        COMPREPLY+=("${value#"$before"}")
        [[ $value != *= ]] || compopt -o nospace 2>/dev/null
    done < <(eval "_ATTUNE_COMPLETE_LINE=\$line $1" 2>/dev/null)
}
complete -o default -F _attune attune
"""

ZSH = r"""
#compdef attune
_attune() {
    local -a closed open
    local value about
    [[ ${words[1]} =~ '^[A-Za-z0-9_.,/~+-]+$' ]] || return
    if compset -P '*=@'; then
        _files
        return
    fi
    while IFS=$'\t' read -r value about; do
        if [[ $value == *= ]]; then
            open+=("$value")
        else
            closed+=("${value//:/\\:}${about:+:$about}")
        fi
    done < <(eval "_ATTUNE_COMPLETE_LINE=\${(j: :)words[1,CURRENT-1]}\ \$PREFIX ${words[1]}" 2>/dev/null)
    (( $#open )) && compadd -S '' -a open
    (( $#closed )) && _describe -t values value closed
    (( $#open + $#closed )) || _files
}
if [[ ${funcstack[1]} == _attune ]]; then
    _attune "$@"
else
    compdef _attune attune
fi
"""

FISH = r"""
function __attune_complete
    set -l command (commandline --tokenize --cut-at-cursor --current-process)[1]
    env _ATTUNE_COMPLETE_LINE=(commandline --cut-at-cursor --current-process | string collect) \
        (string replace --regex '^~' $HOME -- $command) 2>/dev/null
end
complete --command attune --no-files --arguments '(__attune_complete)'
complete --command attune --force-files --condition 'test -z "$(__attune_complete)"'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
