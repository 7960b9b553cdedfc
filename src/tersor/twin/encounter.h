// One vehicle's encounter with another one, step by step: its type, the measures and their
// extremes.
#ifndef TERSOR_TWIN_ENCOUNTER_H_
#define TERSOR_TWIN_ENCOUNTER_H_

#include <cstdint>

#include "tersor/twin/conflict_log.h"
#include "tersor/twin/encounter_type.h"
#include "tersor/twin/exposure.h"
#include "tersor/twin/surroundings.h"

namespace tersor::twin {

/// What is the same for all encounters.
struct EncounterOptions {
  double extra_time = 5;     // s that an encounter is kept when the foe is out of range
  double reaction_time = 1;  // s, of MDRAC
  bool box_ttc = false;
  double critical_ttc = 1.5;  // s, of the exposure
};

/// A place on a vehicle's path; found on the map only when it is wanted.
struct PathPlace {
  int32_t lane = -1, path = -1;
  double position = 0, ahead = 0;  // m on the lane, m further on
  int32_t behind = -1;             // the lane where it lies if the position is negative
};

/// The worst value of a measure, so far.
struct Worst {
  double value = kNotAvailable, time = 0;
  PathPlace place;
  EncounterType type = EncounterType::kNone;
};

class Encounter {
 public:
  Encounter(int32_t foe, double begin, double extra_time)
      : foe_(foe), begin_(begin), end_(begin), extra_time_(extra_time) {}

  /// Takes in a time step. `found` is null where the foe is out of range. False: it has nothing to
  /// tell (any more) and is to be forgotten, if it is new.
  bool Update(const EncounterClassifier& classifier, const EncounterOptions& options,
              const Frame& frame, int32_t ego, int32_t foe, const Foe* found);

  int32_t foe() const { return foe_; }
  double begin() const { return begin_; }
  double end() const { return end_; }
  EncounterType type() const { return type_; }
  double extra_time() const { return extra_time_; }
  /// The conflict has been passed and nothing more can come of it.
  bool over() const { return over_; }

  Worst min_ttc, max_drac, pet, max_mdrac, min_box_ttc, max_drac_to_grip;
  Exposure exposure;
  /// The part of it in which ego is the one who has to brake.
  Exposure own_exposure;

 private:
  // A step's view of the pair.
  struct View {
    const Frame& frame;
    int32_t ego, foe;
  };

  // Follows what both have covered since their paths were known to meet.
  void Trace(const View& view, Meeting* meeting) const;
  void Passed(const View& view, const EncounterOptions& options, bool in_range, Meeting* meeting);
  void EstimateTimes(const View& view, Meeting* meeting);
  void NoteEntryAndExit(const View& view, Meeting* meeting);
  void NotePlace(const View& view, const Meeting& meeting);
  void Measure(const View& view, const EncounterOptions& options, const Meeting& meeting);
  void MeasurePet(EncounterType type);
  void MeasureBoxes(const View& view, EncounterType type);
  void Expose(const View& view, const EncounterOptions& options, EncounterType type,
              const TtcAndDrac& measured);

  int32_t foe_;
  bool started_ = false, over_ = false;
  EncounterType type_ = EncounterType::kNone, last_type_ = EncounterType::kNone;
  double begin_, end_, extra_time_;
  double ego_entry_ = kNever, foe_entry_ = kNever;  // of the last step
  double ego_entry_time_ = kNever, ego_exit_time_ = kNever;
  double foe_entry_time_ = kNever, foe_exit_time_ = kNever;
  PathPlace place_;
  AreaApproach ego_approach_, foe_approach_;  // of this step
};

/// Where a path's place lies on the map.
Point Locate(const RoadTables& map, const RoutePaths& paths, const PathPlace& place);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ENCOUNTER_H_
