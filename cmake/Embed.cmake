# Writes OUTPUT, a C++ file that defines the functions named in FUNCTIONS, each returning the text
# of the file of the same place in INPUTS (its parts separated by "|").
#   cmake -DOUTPUT=... -DHEADER=... -DNAMESPACE=... -DFUNCTIONS="A;B" -DINPUTS="a.js|b.js;b.css" -P
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(function input IN ZIP_LISTS FUNCTIONS INPUTS)
  string(REPLACE "|" ";" parts "${input}")
  string(APPEND text "\nstd::string_view ${function}() {\n  return R\"embed(")
  foreach(part ${parts})
    file(READ "${part}" contents)
    string(APPEND text "${contents}")
  endforeach()
  string(APPEND text ")embed\";\n}\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}\n}  // namespace ${NAMESPACE}\n")
