// `tersor twin calibrate`; arguments as of verbs.h.
#ifndef TERSOR_APPS_TERSOR_VERB_TWIN_CALIBRATE_H_
#define TERSOR_APPS_TERSOR_VERB_TWIN_CALIBRATE_H_

namespace tersor::cli {

int RunTwinCalibrate(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TWIN_CALIBRATE_H_
