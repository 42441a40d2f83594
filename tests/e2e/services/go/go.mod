module tiers

go 1.21
