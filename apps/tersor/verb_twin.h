// The actions of `tersor twin` that have files of their own; arguments as of verbs.h.
#ifndef TERSOR_APPS_TERSOR_VERB_TWIN_H_
#define TERSOR_APPS_TERSOR_VERB_TWIN_H_

namespace tersor::cli {

int RunTwinCalibrate(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TWIN_H_
