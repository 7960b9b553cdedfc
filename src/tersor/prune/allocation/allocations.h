// Every allocation, one file each. A new one is a file, a line here, and a row in allocation.cc.
#ifndef TERSOR_PRUNE_ALLOCATION_ALLOCATIONS_H_
#define TERSOR_PRUNE_ALLOCATION_ALLOCATIONS_H_

#include <memory>

#include "tersor/prune/allocation.h"

namespace tersor::prune {

std::unique_ptr<Allocation> MakeUniform(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeGlobal(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeErdosRenyi(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeErdosRenyiPlus(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeOwl(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeAlphaPruning(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeDlp(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeAtp(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeDsa(const AllocationConfig& config);
std::unique_ptr<Allocation> MakeMrp(const AllocationConfig& config);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_ALLOCATIONS_H_
