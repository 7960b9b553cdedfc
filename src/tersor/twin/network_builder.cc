#include "tersor/twin/network_builder.h"

#include <utility>

#include "tersor/util/error.h"

namespace tersor::twin {

int32_t AddJunction(Network& network, const std::string& id, const std::string& type,
                    const Point& position) {
  Junction junction;
  junction.id = id;
  junction.type = type;
  junction.position = position;
  const auto index = static_cast<int32_t>(network.junctions.size());
  network.junction_of.emplace(id, index);
  network.junctions.push_back(std::move(junction));
  return index;
}

int32_t AddRoad(Network& network, const RoadPlan& plan) {
  Edge edge;
  edge.id = plan.id;
  edge.from = plan.from;
  edge.to = plan.to;
  edge.priority = plan.priority;
  const auto index = static_cast<int32_t>(network.edges.size());
  const double length = Distance(plan.begin, plan.end);
  const Point right = {(plan.end.y - plan.begin.y) / length, (plan.begin.x - plan.end.x) / length};
  for (int i = 0; i < plan.lanes; ++i) {
    const double offset = plan.left + plan.lane_width * (plan.lanes - i - 0.5);
    const Point shift = {right.x * offset, right.y * offset};
    Lane lane;
    lane.id = internal::Concat(plan.id, '_', i);
    lane.edge = index;
    lane.index = i;
    lane.length = length;
    lane.speed = plan.speed;
    lane.width = plan.lane_width;
    lane.shape = {{plan.begin.x + shift.x, plan.begin.y + shift.y},
                  {plan.end.x + shift.x, plan.end.y + shift.y}};
    edge.lanes.push_back(static_cast<int32_t>(network.lanes.size()));
    network.lane_of.emplace(lane.id, edge.lanes.back());
    network.lanes.push_back(std::move(lane));
  }
  network.edge_of.emplace(plan.id, index);
  network.edges.push_back(std::move(edge));
  return index;
}

std::vector<SignalPhase> PhasesOf(const std::vector<SignalStage>& stages) {
  std::vector<SignalPhase> phases;
  for (size_t i = 0; i < stages.size(); ++i) {
    const SignalStage &stage = stages[i], &next = stages[(i + 1) % stages.size()];
    phases.push_back({stage.green, stage.letters});
    for (const auto& [duration, letter] :
         {std::pair(stage.yellow, 'y'), std::pair(stage.all_red, 'r')}) {
      std::string state = stage.letters;
      for (size_t way = 0; way < state.size(); ++way) {
        if (state[way] != 'r') {
          state[way] = next.letters[way] == state[way] ? state[way] : letter;
        }
      }
      phases.push_back({duration, state});
    }
  }
  return phases;
}

}  // namespace tersor::twin
