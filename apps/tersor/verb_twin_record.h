// `tersor twin record`: clips of traffic from above, for video models.
#ifndef TERSOR_APPS_TERSOR_VERB_TWIN_RECORD_H_
#define TERSOR_APPS_TERSOR_VERB_TWIN_RECORD_H_

namespace tersor::cli {

int RunTwinRecord(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TWIN_RECORD_H_
