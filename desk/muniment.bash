# muniment.bash - bash completion. The options come from the command's own --help, which is printed from the tables that parse them.

_muniment()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
    local muniment=${COMP_WORDS[0]}

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "$("$muniment" --help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' | sort -u) --help --version" -- "$word"))
        return
    fi
    case $command in
    key)      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "new root certify revoke" -- "$word")); return; fi; command="key ${COMP_WORDS[2]}" ;;
    parity)   if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "new check" -- "$word")); return; fi; command="parity ${COMP_WORDS[2]}" ;;
    manifest) if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W check -- "$word")); return; fi; command="manifest check" ;;
    esac
    case $before in
    --until)      COMPREPLY=($(compgen -W "tick: time: screen: serial: sound silence halt poweroff" -- "$word")); compopt -o nospace; return ;;
    --display)    COMPREPLY=($(compgen -W "vnc:" -- "$word")); compopt -o nospace; return ;;
    --speed)      COMPREPLY=($(compgen -W "real max" -- "$word")); return ;;
    --layout)     COMPREPLY=($(compgen -W "us uk de fr es it" -- "$word")); return ;;
    --engine)     COMPREPLY=($(compgen -W "interpreter translator random:" -- "$word")); return ;;
    --machine)    COMPREPLY=($(compgen -W "$("$muniment" machines 2>/dev/null | sed 's/^  \([^ ]*\).*/\1/')" -- "$word")); return ;;
    --from|--to)  COMPREPLY=($(compgen -W "tick:" -- "$word")); compopt -o nospace; return ;;
    --limit|--slice|--digest-every|--checkpoint-every|--keep|--back) return ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$("$muniment" $command --help 2>/dev/null | sed -n 's/^  \(-[^ ]*\).*/\1/p')" -- "$word"))
    else
        compopt -o filenames
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}

complete -F _muniment muniment
