// What `tersor attention` does; each takes argv of the verb, whose first argument names the action.
#ifndef TERSOR_APPS_TERSOR_ATTENTION_ACTIONS_H_
#define TERSOR_APPS_TERSOR_ATTENTION_ACTIONS_H_

namespace tersor::cli {

int RunAttentionTune(int argc, char** argv);
int RunAttentionCompare(int argc, char** argv);
int RunAttentionFields(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_ATTENTION_ACTIONS_H_
