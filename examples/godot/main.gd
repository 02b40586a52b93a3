# A turning cube that wears a living texture:
# nca export examples/lava.nca.json --format godot -o examples/godot/lava
extends Node3D


func _ready() -> void:
	$Cube.get_surface_override_material(0).albedo_texture = $Texture.texture


func _process(delta: float) -> void:
	$Cube.rotate_y(0.5 * delta)
