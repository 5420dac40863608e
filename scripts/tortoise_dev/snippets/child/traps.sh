# The traps of bash blocks: shell.py begins each shell with them, and judges what they tell.
#
# Each line of the file $__snippet_told is one event. __snippet_before runs before each command of the block
# itself (not of what it sources), also in functions and subshells; before the commands of the ERR trap too,
# then with the command that failed. Lines that may fail unseen are in $__snippet_suspects, and those whose
# status the next command reads in $__snippet_asked. The traps stand on one line each, or $LINENO would be
# theirs. Bash 4 tells command_not_found_handle the name.

__snippet_off= __snippet_ran= __snippet_last= __snippet_piped= __snippet_began= __snippet_job=${!-}
__snippet_at=0 __snippet_depth=0 __snippet_sub=0 __snippet_lines=() __snippet_commands=() __snippet_jobs=()

__snippet_tell() { echo "$*" >>"$__snippet_told"; }

__snippet_note_job() {
  [[ $BASH_SUBSHELL == 0 && ${!-} != "$__snippet_job" ]] && __snippet_job=$! && __snippet_jobs+=("$!")
  return 0
}

# Those that still run after a moment are let be, unless the block waits for all of them.
__snippet_ask_jobs() {
  local job status moment=$1
  for job in ${__snippet_jobs[@]+"${__snippet_jobs[@]}"}; do
    if [[ -n $moment ]] && kill -0 "$job" 2>/dev/null; then
      sleep "$moment"
      moment=0
      kill -0 "$job" 2>/dev/null && continue
    fi
    status=0
    builtin wait "$job" 2>/dev/null || status=$?
    [[ $status != 0 && $status -lt 128 ]] && __snippet_tell job "$job" "$status"
  done
  __snippet_jobs=()
}

__snippet_before() {
  local was=$1 line=$2 depth=$((${#BASH_SOURCE[@]} - 1)) command=$BASH_COMMAND
  [[ ${BASH_SOURCE[1]-} != "$__snippet_block" ]] && return 0
  [[ $was != 0 && $line:$command == "$__snippet_last" ]] && return 0
  if [[ $BASH_SUBSHELL != 0 && $__snippet_began != "$BASHPID" ]]; then
    __snippet_began=$BASHPID
    __snippet_tell began "$BASHPID" "$line"
  fi
  __snippet_note_job
  if [[ $depth -gt $__snippet_depth || $BASH_SUBSHELL != "$__snippet_sub" ]]; then
    __snippet_lines[depth]=none
  fi
  if [[ $was != 0 && $was != 141 && -z $__snippet_off && $command != *"\$?"* && $command != *PIPESTATUS* &&
        $__snippet_suspects == *" ${__snippet_lines[depth]-none} "* ]]; then
    __snippet_tell unseen "${__snippet_lines[depth]}" "$BASH_SUBSHELL" "$was"
    exit "$was"
  fi
  __snippet_last=$line:$command __snippet_depth=$depth __snippet_sub=$BASH_SUBSHELL
  __snippet_piped= __snippet_at=$line __snippet_lines[depth]=$line __snippet_commands[BASH_SUBSHELL]=$command
  case $command in
    set\ +e*|set\ +[a-z]e*|set\ +[a-z][a-z]e*|"set +o errexit") __snippet_off=1 ;;
    set\ -e*|set\ -[a-z]e*|set\ -[a-z][a-z]e*|"set -o errexit") __snippet_off= ;;
    trap\ *ERR) set -e ;;
    wait) [[ $BASH_SUBSHELL == 0 ]] && __snippet_ask_jobs "" ;;
    wait\ *|kill\ *) __snippet_jobs=() ;;
    exit|exit\ *|exec\ *) [[ $BASH_SUBSHELL == 0 ]] && __snippet_tell left "$line" ;;
    return|return\ *) [[ $BASH_SUBSHELL == 0 && $depth == 1 ]] && __snippet_tell returned "$line" ;;
  esac
  case $command in
    :|:\ *|true|exit|exit\ *|return|return\ *) ;;
    *) [[ -z $__snippet_ran ]] && __snippet_ran=1 && __snippet_tell ran ;;
  esac
  return 0  # or it would be this that failed
}

__snippet_failed() {
  local code=$1 line=$2 statuses=" $3 " command=${BASH_COMMAND%%$'\n'*}
  [[ -n $__snippet_off || -z ${BASH_SOURCE[1]-} ]] && return 0
  [[ $BASH_SUBSHELL == 0 && $__snippet_asked == *" $line "* ]] && return 0
  if [[ $code == 141 && $statuses == *" 0 " && ${statuses//141/0} != *[1-9]* ]]; then
    __snippet_piped=1
    return 0
  fi
  [[ ${BASH_SOURCE[1]} == "$__snippet_block" ]] || line=$__snippet_at
  __snippet_tell failed "$line" "$BASH_SUBSHELL" "$code" "$command"
  if [[ $BASH_SUBSHELL != 0 ]]; then
    case ${__snippet_commands[BASH_SUBSHELL - 1]-} in
      test\ *|\[*|case\ *|for\ *) ;;  # they look at what there is, also at nothing
      *\$\(*|*\`*)
        __snippet_tell masked "$line" "$BASH_SUBSHELL" "$code" "$command" ;;
    esac
  fi
  exit "$code"
}

__snippet_leave() {
  __snippet_tell at "$__snippet_at"
  __snippet_note_job
  [[ $BASH_SUBSHELL == 0 ]] && __snippet_ask_jobs 0.1
  [[ -z $__snippet_state || $BASH_SUBSHELL != 0 ]] && return 0
  pwd >"$__snippet_state.cwd"
  {
    declare -f
    for __snippet_name in $(compgen -v); do
      case $__snippet_name in
        __snippet*|BASH*|FUNCNAME|PIPESTATUS|LINENO|_|EUID|UID|PPID|SHELLOPTS|OPTIND|GROUPS|DIRSTACK) ;;
        *) declare -p "$__snippet_name" ;;
      esac
    done
  } 2>/dev/null >"$__snippet_state"
}

command_not_found_handle() {
  __snippet_tell missing "$1"
  echo "bash: $1: command not found" >&2
  return 127
}

trap '__snippet_leave' EXIT
trap '__snippet_failed "$?" "$LINENO" "${PIPESTATUS[*]}"' ERR
trap '__snippet_before "$?" "$LINENO"' DEBUG
