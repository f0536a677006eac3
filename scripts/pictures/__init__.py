"""The chapters' pictures, drawn by `scripts/draw-pictures`."""
