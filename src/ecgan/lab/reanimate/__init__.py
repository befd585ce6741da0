"""From neutral photos to every expression at any intensity, by a 3-D face model (ICT-FaceKit)."""
