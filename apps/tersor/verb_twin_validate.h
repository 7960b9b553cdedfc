// `tersor twin validate`.
#ifndef TERSOR_APPS_TERSOR_VERB_TWIN_VALIDATE_H_
#define TERSOR_APPS_TERSOR_VERB_TWIN_VALIDATE_H_

namespace tersor::cli {

/// Takes its arguments after the action's name and returns the exit code.
int RunTwinValidate(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TWIN_VALIDATE_H_
