// The verbs: each takes its arguments after the verb and returns the exit code.
#ifndef TERSOR_APPS_TERSOR_VERBS_H_
#define TERSOR_APPS_TERSOR_VERBS_H_

namespace tersor::cli {

// Torch-free, in `tersor`.
int RunGenerate(int argc, char** argv);
int RunServe(int argc, char** argv);
int RunExport(int argc, char** argv);
int RunReport(int argc, char** argv);
int RunReproduce(int argc, char** argv);
int RunTwin(int argc, char** argv);

// In `tersor-torch`.
int RunTrain(int argc, char** argv);
int RunEval(int argc, char** argv);
int RunPrune(int argc, char** argv);
int RunAttention(int argc, char** argv);
int RunBench(int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERBS_H_
